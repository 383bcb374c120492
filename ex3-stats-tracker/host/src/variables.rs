//! `fermyon:spin/variables@2.0.0`: the interface through which a Spin component reads its variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use crate::manifest::is_variable_name;

/// The interface's name in a component's imports.
const INTERFACE: &str = "fermyon:spin/variables@2.0.0";

/// A component's variables.
pub(super) type Variables = Arc<BTreeMap<String, String>>;

/// The interface's `variant error`.
#[derive(Clone, Debug, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(variant)]
enum VariableError {
    #[component(name = "invalid-name")]
    InvalidName(String),
    #[component(name = "undefined")]
    Undefined(String),
    #[component(name = "provider")]
    #[allow(
        dead_code,
        reason = "the type needs all cases; values are known at the start, so that reading them can't fail"
    )]
    Provider(String),
    #[component(name = "other")]
    #[allow(dead_code, reason = "the type needs all cases")]
    Other(String),
}

/// `variables` finds them in what a store holds for its guest.
pub(super) fn add_to_linker<State: 'static>(
    linker: &mut Linker<State>,
    variables: fn(&State) -> &Variables,
) -> wasmtime::Result<()> {
    linker
        .instance(INTERFACE)?
        .func_wrap("get", move |store: StoreContextMut<'_, State>, (name,): (String,)| {
            Ok((get(variables(store.data()), name),))
        })
}

fn get(variables: &BTreeMap<String, String>, name: String) -> Result<String, VariableError> {
    match variables.get(&name) {
        Some(value) => Ok(value.clone()),
        None if is_variable_name(&name) => Err(VariableError::Undefined(name)),
        None => Err(VariableError::InvalidName(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_has_its_error() {
        let variables = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
        assert_eq!(get(&variables, "a".to_owned()), Ok("1".to_owned()));
        assert_eq!(
            get(&variables, "b".to_owned()),
            Err(VariableError::Undefined("b".to_owned()))
        );
        assert_eq!(
            get(&variables, "B!".to_owned()),
            Err(VariableError::InvalidName("B!".to_owned()))
        );
    }
}
