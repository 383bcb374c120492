# Read at the start: otherwise production would fail only at the first request that signs a value.
begin
  Rails.application.secret_key_base
rescue ArgumentError
  warn "SECRET_KEY_BASE is not set, without which production does not start: set it to what `openssl rand -hex 64` prints, " \
    "and keep it secret"
  exit 64
end
