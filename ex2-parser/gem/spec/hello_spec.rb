# frozen_string_literal: true

RSpec.describe "ex1-hello/hello.rb", :slow do
  it "prints its line" do
    hello = File.expand_path("../../../ex1-hello/hello.rb", __dir__)
    expect(IO.popen([RbConfig.ruby, "-I", $LOAD_PATH.first, hello], &:read)).to eq("Hello World from WebAssembly!\n")
  end
end
