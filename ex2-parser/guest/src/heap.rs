//! The heap of a module that reads one page at a time: it only ever grows, until the next page begins it anew.
//!
//! A page costs a few dozen allocations, so there is nothing to gain from reusing their memory, and a start to gain
//! from having no allocator to load.

use core::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32::{memory_grow, memory_size},
    cell::Cell,
    ptr,
};

/// WebAssembly's unit of memory.
const PAGE: usize = 64 * 1024;

unsafe extern "C" {
    /// Where the linker's last static ends; only its address means anything.
    static __heap_base: u8;
}

struct Heap {
    /// The first free byte; 0 before the first allocation.
    next: Cell<usize>,
}

// SAFETY: a module has one thread.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap { next: Cell::new(0) };

/// Frees everything.
///
/// # Safety
/// Nothing that was allocated before may be used any more.
pub(crate) unsafe fn reset() {
    HEAP.next.set(0);
}

impl Heap {
    /// Moves the heap's end; `None` if the memory cannot grow so far.
    fn end_at(&self, end: usize) -> Option<()> {
        let have = memory_size(0) * PAGE;
        if end > have && memory_grow(0, (end - have).div_ceil(PAGE)) == usize::MAX {
            return None;
        }
        self.next.set(end);
        Some(())
    }
}

// SAFETY: each allocation begins at a multiple of its alignment, after all others and inside the memory.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let base = &raw const __heap_base;
        let free = self.next.get().max(base.addr());
        let place = free.checked_next_multiple_of(layout.align()).and_then(|start| {
            self.end_at(start.checked_add(layout.size())?)?;
            Some(start)
        });
        place.map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The last allocation, which a growing vector usually is, grows where it stands.
        if old.addr() + layout.size() == self.next.get()
            && let Some(end) = old.addr().checked_add(size)
            && self.end_at(end).is_some()
        {
            return old;
        }
        // SAFETY: the caller's promise about the layout; and the new place overlaps no other.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                ptr::copy_nonoverlapping(old, new, layout.size().min(size));
            }
            new
        }
    }
}
