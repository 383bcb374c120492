//! Access to a Ruby string's bytes while other Ruby code may run.

use std::hint;

use magnus::RString;

/// Calls `work` with the current bytes of `string`. `work` may release the GVL.
///
/// Another thread may change the string meanwhile, so `work` gets the bytes of a frozen copy, which shares them until the
/// string is changed. The garbage collector finds the copy on this function's stack. `black_box` keeps it there until the
/// end.
pub(crate) fn with<T>(string: RString, work: impl FnOnce(&[u8]) -> T) -> T {
    let frozen = RString::new_frozen(string);
    let on_the_stack = hint::black_box(&frozen);
    // SAFETY: a frozen string does not change, and this one lives until after the work.
    let result = work(unsafe { on_the_stack.as_slice() });
    hint::black_box(on_the_stack);
    result
}
