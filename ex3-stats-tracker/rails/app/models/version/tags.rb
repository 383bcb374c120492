# The tags of a version, and what they say of it.
class Version::Tags
  # Cosign stores signatures, attestations and bills of materials as versions of their own, which are tagged with the
  # digest of the image. GitHub's attestations have the digest alone.
  ATTACHED = /\Asha256-\h{64}(?:\.(sig|att|sbom))?\z/
  ATTACHED_KINDS = { "sig" => :signature, "att" => :attestation, "sbom" => :sbom, nil => :attestation }.freeze
  # What is attached to an image is pulled by programs that verify it.
  ATTACHED_NAMES = { signature: "signatures", attestation: "attestations", sbom: "bills of materials" }.freeze

  GROUPS = %w[version minor major].freeze

  attr_reader :names

  def initialize(names)
    @names = names
  end

  # :release, :prerelease, :signature, :attestation, :sbom, :other for any other tag, or :untagged.
  def kind
    return :untagged if names.empty?
    return ATTACHED_KINDS.fetch(attached.first[1]) if attached.all?

    release ? (release.pre? ? :prerelease : :release) : :other
  end

  def attached?
    ATTACHED_NAMES.key?(kind)
  end

  def release
    @release ||= Release.among(names)
  end

  # The tag that names the version best; nil for an untagged one.
  def name
    release&.tag || names.first
  end

  # The name of the version's group: by "version", "minor" or "major" number, and other tags as they are. All signatures
  # are one group.
  def group(by)
    ATTACHED_NAMES[kind] || (by == "version" || release.nil? ? name || "untagged" : release.public_send(by))
  end

  private
    def attached
      @attached ||= names.map { |tag| ATTACHED.match(tag) }
    end
end
