# frozen_string_literal: true

module WasmHost
  # The gem's version, which is the workspace's.
  VERSION = "0.1.0"
end
