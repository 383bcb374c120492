# frozen_string_literal: true

RSpec.describe GhcrPage::Guest do
  guest = nil
  let(:parser) { guest ||= described_class.new(cache: true) }

  it "has the same answers as the native parser" do
    [Page.package, Page.package(total: 2**63, counts: [0] * 30), Page.package.b].each do |page|
      expect(parser.parse(page)).to eq(GhcrPage.parse(page))
    end
  end

  Page.refused.each do |page, error|
    it "raises #{error}, as the native parser does" do
      expect { parser.parse(page) }.to raise_error(error)
      expect(parser.parse(Page.package).total).to eq(14_360)
    end
  end

  it "names the change of the markup" do
    expect { parser.parse(Page.package(counts: [1])) }
      .to raise_error(GhcrPage::MarkupChanged) { |error| expect(error.what).to eq(:bars_not_thirty_days) }
  end

  it "reads the next page with a new instance after it was stopped" do
    limited = described_class.new(time_limit: 1e-6, cache: true)
    2.times { expect { limited.parse("<html>#{"<p>" * 49_000}</html>") }.to raise_error(WasmHost::TimedOut) }
    small = Page.package
    expect(described_class.new(cache: true).parse(small).total).to eq(14_360)
  end

  it "reads a page whose string another thread changes meanwhile" do
    page = Page.package + (" " * 1_000_000)
    thread = Thread.new { 50.times { page << "x"; page[0] = "<"; Thread.pass } }
    expect(parser.parse(page).total).to eq(14_360)
    thread.join
  end

  it "is for one thread at a time, and each may have one", :slow do
    totals = Array.new(4) { |number| Thread.new { described_class.new(cache: true).parse(Page.package(total: number)).total } }
    expect(totals.map(&:value)).to eq([0, 1, 2, 3])
  end

  it "checks its arguments" do
    expect { described_class.new(time_limit: 0) }.to raise_error(ArgumentError)
    expect { parser.parse(nil) }.to raise_error(TypeError)
  end
end
