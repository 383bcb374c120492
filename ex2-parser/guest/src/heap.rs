//! A bump allocator, reset for each page.
//!
//! A page costs a few dozen allocations, so freeing them one by one would save little memory. And without a general
//! allocator the module is smaller and starts faster.

use core::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32::{memory_grow, memory_size},
    cell::Cell,
    ptr,
};

/// The size in bytes of a page of WebAssembly memory.
const PAGE: usize = 64 * 1024;

unsafe extern "C" {
    /// The linker's symbol for the end of the static data. Only its address has a meaning.
    static __heap_base: u8;
}

struct BumpAllocator {
    /// The first free byte; 0 before the first allocation.
    next: Cell<usize>,
}

// SAFETY: a module has one thread.
unsafe impl Sync for BumpAllocator {}

#[global_allocator]
static ALLOCATOR: BumpAllocator = BumpAllocator { next: Cell::new(0) };

/// Frees everything.
///
/// # Safety
/// No earlier allocation may be used any more.
pub(crate) unsafe fn reset() {
    ALLOCATOR.next.set(0);
}

impl BumpAllocator {
    /// Moves the heap's end, and grows the memory if needed; `None` if it cannot grow so far.
    fn grow_to(&self, end: usize) -> Option<()> {
        let have = memory_size(0) * PAGE;
        if end > have && memory_grow(0, (end - have).div_ceil(PAGE)) == usize::MAX {
            return None;
        }
        self.next.set(end);
        Some(())
    }
}

// SAFETY: each allocation begins at a multiple of its alignment, after all others and inside the memory.
unsafe impl GlobalAlloc for BumpAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = &raw const __heap_base;
        let free = self.next.get().max(base.addr());
        let place = free.checked_next_multiple_of(layout.align()).and_then(|start| {
            self.grow_to(start.checked_add(layout.size())?)?;
            Some(start)
        });
        place.map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The last allocation grows in place. A growing vector usually is the last one.
        if old.addr() + layout.size() == self.next.get()
            && let Some(end) = old.addr().checked_add(size)
            && self.grow_to(end).is_some()
        {
            return old;
        }
        // SAFETY: the caller guarantees the layout, and the new allocation overlaps no other.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                ptr::copy_nonoverlapping(old, new, layout.size().min(size));
            }
            new
        }
    }
}
