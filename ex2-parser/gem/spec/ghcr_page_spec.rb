# frozen_string_literal: true

RSpec.describe GhcrPage do
  it "reads a package page" do
    package = described_class.parse(Page.package)
    expect(package.total).to eq(14_360)
    expect(package.daily.size).to eq(30)
    expect(package.daily.first.to_a).to eq([Page::LAST_DAY, 1])
    expect(package.daily.last.to_a).to eq([Page::LAST_DAY - 29, 30])
  end

  it "reads a page without a chart, and large totals" do
    page = "<html><span>Total downloads</span><h3 title=\"#{2**63}\"></h3></html>"
    expect(described_class.parse(page).to_a).to eq([2**63, []])
  end

  it "ignores the string's encoding" do
    expect(described_class.parse(Page.package.b).total).to eq(14_360)
    expect(described_class.parse(Page.package.force_encoding("US-ASCII")).total).to eq(14_360)
  end

  Page.refused.each do |page, error|
    it "raises #{error}, whose kind is the reason" do
      expect { described_class.parse(page) }.to raise_error(error) { |raised|
        expect(raised).to be_a(GhcrPage::Error)
        expect(raised.kind).to eq(error::KIND)
        expect(raised.message).not_to be_empty
      }
    end
  end

  it "names the change of the markup" do
    expect { described_class.parse(Page.package(counts: [1])) }
      .to raise_error(GhcrPage::MarkupChanged, /30 days/) { |error| expect(error.what).to eq(:bars_not_thirty_days) }
  end

  it "lets other threads run, and change the string, while it reads a large page" do
    page = Page.package.sub("<body>", "<body>#{"some text " * 500_000}")
    done = false
    parses = Thread.new { described_class.parse(page) && Thread.pass until done }
    # Ruby reports a thread without the GVL as asleep. On a busy machine most parses are over before this thread is given a
    # core, so that it checks very many times: 500 were not always enough.
    looks = 0
    until parses.status == "sleep" || looks == 50_000
      page << "x"
      page[0] = "<"
      Thread.pass
      looks += 1
    end
    expect(looks).to be < 50_000
    expect(described_class.parse(page).total).to eq(14_360)
  ensure
    done = true
    parses.join
  end

  it "accepts only a string" do
    expect { described_class.parse(nil) }.to raise_error(TypeError)
  end
end
