# Asked for here, production refuses to start without SECRET_KEY_BASE instead of failing at the first request that
# signs something.
Rails.application.secret_key_base
