# frozen_string_literal: true

RSpec.describe "WasmHost::Native", :slow do
  def ruby(script, environment = {})
    IO.popen([environment, RbConfig.ruby, "-e", script, { err: %i[child out] }], &:read)
  end

  it "names the build command where the library is missing" do
    Dir.mktmpdir do |directory|
      FileUtils.cp_r($LOAD_PATH.first, directory)
      FileUtils.rm_rf(File.join(directory, "lib/wasm_host", RUBY_VERSION[/\d+\.\d+/]))
      output = ruby("require '#{directory}/lib/wasm_host'", { "WASM_HOST_LIBRARY" => nil })
      expect(output).to match(/library for Ruby \d\.\d isn't built: run `rake -f .*Rakefile compile` \(LoadError\)/)
    end
  end

  # M:N threads came with Ruby 3.3.
  if RUBY_VERSION >= "3.3"
    it "refuses M:N threads" do
      output = ruby("require '#{$LOAD_PATH.first}/wasm_host'", { "RUBY_MN_THREADS" => "1" })
      expect(output).to include("unset it (LoadError)")
    end
  end
end
