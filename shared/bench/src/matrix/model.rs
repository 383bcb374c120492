//! The model of a case in records before the fourth schema.
//!
//! Since the fourth schema each case has its model. In older records the id determines it: the names of processes are
//! known, and the Rust guest under WASI was the only one in a fresh instance for each line.

use crate::cases::Model;
use serde_json::Value;

/// The first schema whose cases name their model.
pub(crate) const SINCE: u64 = 4;

/// Adds the model to each case of a record that has none.
pub(crate) fn add(record: &mut Value) {
    let benches = record.get_mut("benches").and_then(Value::as_array_mut);
    for bench in benches.into_iter().flatten() {
        // The third schema renamed `cells` to `cases`.
        for name in ["cells", "cases"] {
            let cases = bench.get_mut(name).and_then(Value::as_array_mut);
            for case in cases.into_iter().flatten().filter_map(Value::as_object_mut) {
                let Some(model) = case.get("id").and_then(Value::as_str).map(of) else {
                    continue;
                };
                case.entry("model").or_insert_with(|| model.name().into());
            }
        }
    }
}

/// The model of the case with this id.
fn of(id: &str) -> Model {
    let (guest, runs_in) = id.split_once('/').unwrap_or((id, ""));
    let is_engine = runs_in == "wasmtime" || runs_in.starts_with("wasmer-");
    if ["process", "native-process", "process-disable-gems"].contains(&runs_in) {
        Model::Process
    } else if guest == "rust" && is_engine {
        Model::Start
    } else {
        Model::Call
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::cases::{Column, Row};

    use super::*;
    use crate::matrix::Record;

    #[test]
    fn an_id_determines_the_model() {
        for (id, model) in [
            ("rust/native", Model::Call),
            ("rust/wasmtime", Model::Start),
            ("rust/wasmer-llvm", Model::Start),
            ("rust/native-process", Model::Process),
            ("ruby-in-wasm/process", Model::Process),
            ("ruby/wasmer-cranelift", Model::Call),
            ("memmem", Model::Call),
        ] {
            assert_eq!(of(id), model, "{id}");
        }
    }

    #[test]
    fn every_record_has_a_model_for_each_of_its_cases() {
        let mut models = 0;
        for path in Record::list(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/records"))).unwrap() {
            let record = Record::read(&path).unwrap();
            for (_, case) in record.cases() {
                let program = case.column == Column::RustInWasm && case.id.starts_with("rust/");
                let expected = match case.row {
                    Row::ProcessStart => Model::Process,
                    Row::HelloWorld if program => Model::Start,
                    _ => Model::Call,
                };
                assert_eq!(case.model, expected, "{} in {}", case.id, path.display());
                models += 1;
            }
        }
        assert!(models > 100, "{models}");
    }

    #[test]
    fn an_existing_model_stays() {
        let mut record = serde_json::json!({ "benches": [{ "cases": [
            { "id": "rust/wasmtime", "model": "call" },
            { "id": "rust/wasmtime" },
            { "no": "id" },
        ] }, "no bench"] });
        add(&mut record);
        let cases = &record["benches"][0]["cases"];
        assert_eq!(
            (&cases[0]["model"], &cases[1]["model"]),
            (&"call".into(), &"start".into())
        );
        assert!(cases[2].get("model").is_none());
    }
}
