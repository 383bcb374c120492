//! A Ruby string's bytes for work during which Ruby's other code may run.

use std::hint;

use magnus::RString;

/// Hands `work` the bytes of `string` as they are now, for as long as it takes, also without the GVL.
///
/// Another thread may change the string meanwhile: a frozen copy shares its bytes until then. The garbage collector
/// finds the copy on this function's stack, where it has to stand until the end: the compiler is told that somebody
/// looks at it then.
pub(crate) fn with<T>(string: RString, work: impl FnOnce(&[u8]) -> T) -> T {
    let frozen = RString::new_frozen(string);
    let on_the_stack = hint::black_box(&frozen);
    // SAFETY: nobody changes a frozen string, and this one lives until after the work.
    let result = work(unsafe { on_the_stack.as_slice() });
    hint::black_box(on_the_stack);
    result
}
