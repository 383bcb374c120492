//! A record as programs want it: rendered, but with numbers instead of words.

use serde_json::{Map, Value, json};

use crate::figure::Missing;
use crate::{Interval, Record, bias, hypothesis, table};

/// The matrix, every cell with every step, the answers and the bias. Times are in nanoseconds.
pub fn of(record: &Record) -> Value {
    let matrix: Vec<Value> = table::places(record)
        .iter()
        .map(|place| {
            let mut value = json!({ "row": place.row, "column": place.column, "id": place.id });
            match &place.figure {
                Ok((_, figure)) => value["work"] = json!(figure),
                Err(missing) => value["missing"] = json!(missing.to_string()),
            }
            value
        })
        .collect();
    let cells: Vec<Value> = record
        .cells()
        .map(|(bench, cell)| {
            let steps: Map<String, Value> = cell
                .steps
                .keys()
                .filter_map(|step| Some((step.to_string(), json!(bench.estimates(cell, *step)?.median))))
                .collect();
            json!({
                "bench": bench.name,
                "id": cell.id,
                "label": cell.label,
                "row": cell.row,
                "column": cell.column,
                "engine": cell.engine,
                "versions": cell.versions,
                "guest_bytes": cell.guest_bytes,
                "compiled_bytes": cell.compiled_bytes,
                "steps": steps,
            })
        })
        .collect();
    let hypotheses: Vec<Value> = hypothesis::answers(record)
        .iter()
        .map(|answer| {
            let comparisons: Vec<Value> = answer.outcomes.iter().map(outcome).collect();
            json!({
                "question": answer.hypothesis.question,
                "verdict": answer.verdict(),
                "comparisons": comparisons,
            })
        })
        .collect();
    let left_out: Vec<Value> = record
        .benches
        .iter()
        .flat_map(|bench| bench.left_out.iter().map(move |left_out| (bench, left_out)))
        .map(|(bench, left_out)| json!({ "bench": bench.name, "id": left_out.id, "why": left_out.why }))
        .collect();
    json!({
        "record": record.name(),
        "complete": record.is_complete(),
        "machine": record.machine,
        "matrix": matrix,
        "cells": cells,
        "hypotheses": hypotheses,
        "left_out": left_out,
        "bias": bias::statements(record),
    })
}

fn outcome(outcome: &hypothesis::Outcome) -> Value {
    let side = |side: &hypothesis::Side| json!({ "id": side.id, "step": side.step, "what": side.what });
    let (ratio, missing): (Option<Interval>, Option<&Missing>) = match &outcome.ratio {
        Ok(ratio) => (*ratio, None),
        Err(missing) => (None, Some(missing)),
    };
    json!({
        "faster": side(&outcome.comparison.faster),
        "slower": side(&outcome.comparison.slower),
        "ratio": ratio,
        "missing": missing.map(ToString::to_string),
        "verdict": outcome.verdict(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn figures_are_numbers_and_what_is_missing_is_said() {
        let mut record = fixture::record();
        fixture::leave_out(&mut record, "htree", "not installed");
        let value = of(&record);
        let place = |id: &str| {
            let places = value["matrix"].as_array().unwrap();
            places.iter().find(|place| place["id"] == id).unwrap().clone()
        };
        assert_eq!(place("wat/wasmer-cranelift")["work"]["estimate"], 230.0);
        assert_eq!(place("htree")["missing"], "left out: not installed");
        assert_eq!(value["hypotheses"][0]["verdict"], "yes");
        assert_eq!(value["left_out"][0]["id"], "htree");
        let wat = value["cells"]
            .as_array()
            .unwrap()
            .iter()
            .find(|cell| cell["id"] == "wat/wasmer-cranelift")
            .unwrap();
        assert_eq!(
            (&wat["steps"]["start"]["estimate"], &wat["guest_bytes"]),
            (&json!(30e3), &json!(240))
        );
    }
}
