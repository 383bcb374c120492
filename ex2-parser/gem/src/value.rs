//! Conversion of numbers between Ruby and a guest.

use magnus::prelude::*;
use magnus::{Error, Float, Integer, IntoValue, Ruby, Value};
use wasmer::{ExternType, FunctionType, Type};

use crate::error::class_of;

/// Whether values of the type can be converted to Ruby.
pub(crate) fn is_number(ty: Type) -> bool {
    matches!(ty, Type::I32 | Type::I64 | Type::F32 | Type::F64)
}

/// The name of a type in WebAssembly's text format.
pub(crate) fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::I32 => "i32",
        Type::I64 => "i64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::V128 => "v128",
        Type::ExternRef => "externref",
        Type::FuncRef => "funcref",
        Type::ExceptionRef => "exnref",
    }
}

/// Converts a Ruby number to a guest's, if it is in range.
///
/// An integer may be signed or unsigned: WebAssembly's integers have no sign.
pub(crate) fn to_guest(ruby: &Ruby, value: Value, ty: Type) -> Result<wasmer::Value, Error> {
    match ty {
        Type::I32 => integer(ruby, value, ty)?
            .to_i64()
            .ok()
            .filter(|number| (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(number))
            .map(|number| wasmer::Value::I32(number as i32))
            .ok_or_else(|| out_of_range(ruby, value, "an i32", "-2**31 to 2**32 - 1")),
        Type::I64 => {
            let number = integer(ruby, value, ty)?;
            number
                .to_i64()
                .or_else(|_| number.to_u64().map(|number| number as i64))
                .map(wasmer::Value::I64)
                .map_err(|_| out_of_range(ruby, value, "an i64", "-2**63 to 2**64 - 1"))
        }
        Type::F32 => Ok(wasmer::Value::F32(float(ruby, value, ty)? as f32)),
        Type::F64 => Ok(wasmer::Value::F64(float(ruby, value, ty)?)),
        ty => Err(unsupported(ruby, ty)),
    }
}

/// Converts a guest's number to Ruby. Integers are signed.
pub(crate) fn to_ruby(ruby: &Ruby, value: &wasmer::Value) -> Result<Value, Error> {
    match value {
        wasmer::Value::I32(number) => Ok(number.into_value_with(ruby)),
        wasmer::Value::I64(number) => Ok(number.into_value_with(ruby)),
        wasmer::Value::F32(number) => Ok(f64::from(*number).into_value_with(ruby)),
        wasmer::Value::F64(number) => Ok(number.into_value_with(ruby)),
        other => Err(unsupported(ruby, other.ty())),
    }
}

/// Converts a guest's results to Ruby: nil for none, the value for one, an array for several.
pub(crate) fn results_to_ruby(ruby: &Ruby, values: &[wasmer::Value]) -> Result<Value, Error> {
    match values {
        [] => Ok(ruby.qnil().as_value()),
        [value] => to_ruby(ruby, value),
        values => {
            let array = ruby.ary_new_capa(values.len());
            for value in values {
                array.push(to_ruby(ruby, value)?)?;
            }
            Ok(array.as_value())
        }
    }
}

fn integer(ruby: &Ruby, value: Value, ty: Type) -> Result<Integer, Error> {
    Integer::from_value(value).ok_or_else(|| {
        Error::new(
            ruby.exception_type_error(),
            format!("an {} is an Integer in Ruby, not {}", type_name(ty), class_of(value)),
        )
    })
}

fn float(ruby: &Ruby, value: Value, ty: Type) -> Result<f64, Error> {
    if let Some(float) = Float::from_value(value) {
        return Ok(float.to_f64());
    }
    // Every Integer can be rounded to a float.
    if Integer::from_value(value).is_some() {
        return value.funcall("to_f", ());
    }
    Err(Error::new(
        ruby.exception_type_error(),
        format!(
            "an {} is a Float or an Integer in Ruby, not {}",
            type_name(ty),
            class_of(value)
        ),
    ))
}

fn out_of_range(ruby: &Ruby, value: Value, what: &str, range: &str) -> Error {
    Error::new(
        ruby.exception_range_error(),
        format!("{value} doesn't fit into {what}, which holds {range}"),
    )
}

fn unsupported(ruby: &Ruby, ty: Type) -> Error {
    Error::new(
        ruby.exception_type_error(),
        format!(
            "a value of type {} has no counterpart in Ruby: only i32, i64, f32 and f64 have",
            type_name(ty)
        ),
    )
}

/// Formats a signature: `(i32, i32) -> (i64)`.
pub(crate) fn signature(ty: &FunctionType) -> String {
    let list = |types: &[Type]| types.iter().map(|ty| type_name(*ty)).collect::<Vec<_>>().join(", ");
    format!("({}) -> ({})", list(ty.params()), list(ty.results()))
}

/// The kind of an import or an export.
pub(crate) fn kind(ty: &ExternType) -> &'static str {
    match ty {
        ExternType::Function(_) => "function",
        ExternType::Global(_) => "global",
        ExternType::Table(_) => "table",
        ExternType::Memory(_) => "memory",
        ExternType::Tag(_) => "tag",
    }
}

/// The type of a function, global, table or memory, for messages.
pub(crate) fn details(ty: &ExternType) -> String {
    match ty {
        ExternType::Function(ty) => signature(ty),
        ExternType::Global(ty) => format!(
            "{}{}",
            if ty.mutability.is_mutable() { "mut " } else { "" },
            type_name(ty.ty)
        ),
        ExternType::Table(ty) => range(ty.minimum.into(), ty.maximum.map(Into::into), "entries"),
        ExternType::Memory(ty) => range(ty.minimum.0.into(), ty.maximum.map(|pages| pages.0.into()), "pages"),
        ExternType::Tag(_) => String::new(),
    }
}

fn range(minimum: u64, maximum: Option<u64>, unit: &str) -> String {
    match maximum {
        Some(maximum) => format!("{minimum} to {maximum} {unit}"),
        None => format!("{minimum} {unit} or more"),
    }
}
