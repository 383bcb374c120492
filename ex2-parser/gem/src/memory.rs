//! `WasmHost::Memory`: a guest's memory. Bytes are copied in and out, so no Ruby object points into it.

use std::cell::RefCell;

use magnus::rb_sys::AsRawValue;
use magnus::typed_data::Obj;
use magnus::value::Opaque;
use magnus::{DataTypeFunctions, Error, Integer, RString, Ruby, TypedData, Value};
use wasmer::{MemoryError, MemoryType, Pages, StoreMut};

use crate::store::Store;
use crate::store_cell::StoreCell;
use crate::{error, module};

#[derive(TypedData)]
#[magnus(class = "WasmHost::Memory", free_immediately, mark)]
pub(crate) struct Memory {
    /// For a memory that Ruby creates: the initial and the maximum number of pages.
    pages: (u32, Option<u32>),
    /// The store that has the memory, and its memory there.
    owner: RefCell<Option<Owner>>,
}

struct Owner {
    store: Opaque<Obj<Store>>,
    memory: wasmer::Memory,
}

impl DataTypeFunctions for Memory {
    fn mark(&self, marker: &magnus::gc::Marker) {
        // Code that borrows it mutably does not allocate, so the collector never runs during such a borrow.
        if let Some(owner) = &*self.owner.borrow() {
            marker.mark(owner.store);
        }
    }
}

impl Memory {
    /// Creates a memory for an instance to import.
    pub(crate) fn new(minimum: u32, maximum: Option<u32>) -> Self {
        Self {
            pages: (minimum, maximum),
            owner: RefCell::new(None),
        }
    }

    /// A memory that an instance exports.
    pub(crate) fn of(store: Obj<Store>, memory: wasmer::Memory) -> Self {
        Self {
            pages: (0, None),
            owner: RefCell::new(Some(Owner {
                store: store.into(),
                memory,
            })),
        }
    }

    /// Attaches the memory to the instance with this store, which imports a memory of the type `imported`. Returns
    /// `false` if it was attached to that instance before.
    pub(crate) fn attach(
        &self,
        ruby: &Ruby,
        store: Obj<Store>,
        imported: MemoryType,
    ) -> Result<(wasmer::Memory, bool), Error> {
        if let Some(owner) = &*self.owner.borrow() {
            if ruby.get_inner(owner.store).as_raw() == store.as_raw() {
                return Ok((owner.memory.clone(), false));
            }
            return Err(error::link(
                ruby,
                "the memory belongs to another instance: make one for each instance, with WasmHost::Memory.new",
            ));
        }
        let (minimum, maximum) = self.pages;
        let ty = MemoryType::new(Pages(minimum), maximum.map(Pages).or(imported.maximum), false);
        let memory = store
            .cell()
            .with(ruby, |store| wasmer::Memory::new(store, ty))?
            .map_err(|cause| error::link(ruby, too_large(&cause)))?;
        *self.owner.borrow_mut() = Some(Owner {
            store: store.into(),
            memory: memory.clone(),
        });
        Ok((memory, true))
    }

    /// Detaches the memory from an instance whose instantiation failed.
    pub(crate) fn detach(&self) {
        *self.owner.borrow_mut() = None;
    }

    pub(crate) fn read(ruby: &Ruby, this: Obj<Self>, offset: Value, length: Value) -> Result<RString, Error> {
        let (offset, length) = (
            natural(ruby, "the offset", offset)?,
            natural(ruby, "the length", length)?,
        );
        this.with(ruby, |ruby, memory, cell| {
            cell.with(ruby, |store| check(ruby, memory, store, offset, length))??;
            // The string is allocated before the memory is borrowed: the allocation may run the collector.
            let string = ruby.str_buf_new(length as usize);
            cell.with(ruby, |store| {
                let view = memory.view(store);
                // SAFETY: the guest does not run, and the string copies the bytes at once.
                let bytes = unsafe { view.data_unchecked() };
                let range = offset as usize..(offset + length) as usize;
                string.cat(bytes.get(range).unwrap_or_default());
            })?;
            Ok(string)
        })
    }

    pub(crate) fn write(ruby: &Ruby, this: Obj<Self>, offset: Value, bytes: RString) -> Result<usize, Error> {
        let offset = natural(ruby, "the offset", offset)?;
        this.with(ruby, |ruby, memory, cell| {
            cell.with(ruby, |store| {
                // SAFETY: the bytes are copied before any other call into Ruby.
                let bytes = unsafe { bytes.as_slice() };
                check(ruby, memory, store, offset, bytes.len() as u64)?;
                let view = memory.view(store);
                // SAFETY: the guest does not run and has no threads, so there is no other access to its memory.
                let room = unsafe { view.data_unchecked_mut() };
                let start = offset as usize;
                if let Some(room) = room.get_mut(start..start + bytes.len()) {
                    room.copy_from_slice(bytes);
                }
                Ok(bytes.len())
            })?
        })
    }

    /// Returns the size in bytes.
    pub(crate) fn size(ruby: &Ruby, this: Obj<Self>) -> Result<u64, Error> {
        this.with(ruby, |ruby, memory, cell| {
            cell.with(ruby, |store| memory.view(store).data_size())
        })
    }

    /// Grows by a number of pages. Returns the number before.
    pub(crate) fn grow(ruby: &Ruby, this: Obj<Self>, pages: Value) -> Result<u32, Error> {
        let pages = natural(ruby, "the number of pages", pages)?;
        let pages = u32::try_from(pages).unwrap_or(u32::MAX);
        this.with(ruby, |ruby, memory, cell| {
            let before = cell
                .with(ruby, |store| memory.grow(store, Pages(pages)))?
                .map_err(|cause| error::limit(ruby, too_large(&cause)))?;
            cell.report_memory(ruby)?;
            Ok(before.0)
        })
    }

    fn with<T>(
        &self,
        ruby: &Ruby,
        work: impl FnOnce(&Ruby, &wasmer::Memory, &StoreCell) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let owner = self.owner.borrow();
        let owner = owner.as_ref().ok_or_else(|| {
            error::exception(
                ruby,
                "Error",
                "the memory belongs to no instance yet: hand it to WasmHost::Instance.new as an import",
            )
        })?;
        let store = ruby.get_inner(owner.store);
        work(ruby, &owner.memory, store.cell())
    }
}

fn check(ruby: &Ruby, memory: &wasmer::Memory, store: &StoreMut<'_>, offset: u64, length: u64) -> Result<(), Error> {
    let size = memory.view(store).data_size();
    match offset.checked_add(length) {
        Some(end) if end <= size => Ok(()),
        _ => Err(Error::new(
            ruby.exception_index_error(),
            format!("{length} bytes at offset {offset} lead out of the memory, which has {size} bytes"),
        )),
    }
}

fn natural(ruby: &Ruby, what: &str, value: Value) -> Result<u64, Error> {
    let number = Integer::from_value(value).ok_or_else(|| {
        Error::new(
            ruby.exception_type_error(),
            format!("{what} is an Integer, not {}", error::class_of(value)),
        )
    })?;
    // A guest's i32 is signed in Ruby, so its offset above 2 GiB is a negative number.
    number.to_u64().map_err(|_| {
        Error::new(
            ruby.exception_index_error(),
            format!("{what} is {number}, and lies outside of every memory; of a guest's i32 take `& 0xffff_ffff`"),
        )
    })
}

fn too_large(cause: &MemoryError) -> String {
    format!(
        "there is no more room: {cause} (pages are {} KiB; memory_limit: gives an instance more)",
        module::PAGE_BYTES / 1024
    )
}
