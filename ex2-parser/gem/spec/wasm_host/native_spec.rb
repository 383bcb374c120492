# frozen_string_literal: true

RSpec.describe "WasmHost::Native", :slow do
  def ruby(script, environment = {})
    IO.popen([environment, RbConfig.ruby, "-e", script, { err: %i[child out] }], &:read)
  end

  it "says how the library is built where it isn't" do
    Dir.mktmpdir do |directory|
      FileUtils.cp_r($LOAD_PATH.first, directory)
      FileUtils.rm_rf(File.join(directory, "lib/wasm_host", RUBY_VERSION[/\d+\.\d+/]))
      said = ruby("require '#{directory}/lib/wasm_host'", { "WASM_HOST_LIBRARY" => nil })
      expect(said).to match(/library for Ruby \d\.\d isn't built: run `rake -f .*Rakefile compile` \(LoadError\)/)
    end
  end

  # Ruby 3.3 brought it.
  if RUBY_VERSION >= "3.3"
    it "refuses Rubies that move threads about" do
      said = ruby("require '#{$LOAD_PATH.first}/wasm_host'", { "RUBY_MN_THREADS" => "1" })
      expect(said).to include("unset it (LoadError)")
    end
  end
end
