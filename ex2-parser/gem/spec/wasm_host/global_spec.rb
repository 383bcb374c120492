# frozen_string_literal: true

RSpec.describe WasmHost::Global do
  text = '(global $count (export "count") (mut i64) (i64.const 5)) (global (export "pi") f64 (f64.const 3.25))
          (func (export "count_up") (global.set $count (i64.add (global.get $count) (i64.const 1))))'

  it "can be read and set, and the guest can change it" do
    guest = instance(text)
    count = guest.global("count")
    count.value = 2**62
    guest.call("count_up")
    expect(count.value).to eq(2**62 + 1)
    expect(count).to be_mutable
  end

  it "may be constant" do
    pi = instance(text).global(:pi)
    expect(pi.value).to eq(3.25)
    expect(pi).not_to be_mutable
    expect { pi.value = 3.0 }.to raise_error(WasmHost::Error, /"pi" is constant/)
  end

  it "accepts only numbers of its type" do
    count = instance(text).global("count")
    expect { count.value = 0.5 }.to raise_error(TypeError, /the global "count": an i64 is an Integer/)
    expect { count.value = 2**64 }.to raise_error(RangeError)
    expect(count.value).to eq(5)
  end
end
