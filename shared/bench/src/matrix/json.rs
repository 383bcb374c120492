//! A record as JSON for other programs: the same content as the Markdown, with numbers instead of texts.

use serde_json::{Map, Value, json};

use crate::matrix::figure::Missing;
use crate::matrix::questions::Side;
use crate::matrix::{Interval, Record, bias, hypothesis, table};

/// The matrix, all cases with their steps, the exact figures, the answers and the bias. Times are in nanoseconds.
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
    let cases: Vec<Value> = record
        .cases()
        .map(|(bench, case)| {
            let steps: Map<String, Value> = case
                .steps
                .keys()
                .filter_map(|step| Some((step.to_string(), json!(bench.estimates(case, *step)?.median))))
                .collect();
            json!({
                "bench": bench.name,
                "id": case.id,
                "label": case.label,
                "row": case.row,
                "model": case.model,
                "column": case.column,
                "engine": case.engine,
                "versions": case.versions,
                "guest_bytes": case.guest_bytes,
                "compiled_bytes": case.compiled_bytes,
                "steps": steps,
            })
        })
        .collect();
    let hypotheses: Vec<Value> = hypothesis::answers(record)
        .iter()
        .map(|answer| {
            let comparisons: Vec<Value> = answer.outcomes.iter().map(outcome).collect();
            json!({
                "name": answer.hypothesis.name,
                "question": answer.hypothesis.question,
                "model": answer.hypothesis.model,
                "verdict": answer.verdict(),
                "comparisons": comparisons,
            })
        })
        .collect();
    let skipped: Vec<Value> = record
        .benches
        .iter()
        .flat_map(|bench| bench.skipped.iter().map(move |skipped| (bench, skipped)))
        .map(|(bench, skipped)| json!({ "bench": bench.name, "id": skipped.id, "why": skipped.why }))
        .collect();
    json!({
        "record": record.name(),
        "complete": record.is_complete(),
        "machine": record.machine,
        "matrix": matrix,
        "cases": cases,
        "exact_figures": record.exact_figures,
        "hypotheses": hypotheses,
        "skipped": skipped,
        "bias": bias::statements(record),
    })
}

fn outcome(outcome: &hypothesis::Outcome) -> Value {
    let side = |side: Side| json!({ "id": side.id, "step": side.step, "what": side.what });
    let (ratio, missing): (Option<Interval>, Option<&Missing>) = match &outcome.ratio {
        Ok(ratio) => (*ratio, None),
        Err(missing) => (None, Some(missing)),
    };
    json!({
        "faster": side(outcome.comparison.faster()),
        "slower": side(outcome.comparison.slower()),
        "ratio": ratio,
        "missing": missing.map(ToString::to_string),
        "verdict": outcome.verdict(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::fixture;

    #[test]
    fn figures_are_numbers_and_missing_ones_have_a_reason() {
        let mut record = fixture::record();
        fixture::skip(&mut record, "htree", "not installed");
        let value = of(&record);
        let place = |id: &str| {
            let places = value["matrix"].as_array().unwrap();
            places.iter().find(|place| place["id"] == id).unwrap().clone()
        };
        assert_eq!(place("wat/wasmer-cranelift")["work"]["estimate"], 230.0);
        assert_eq!(place("htree")["missing"], "left out: not installed");
        assert_eq!(value["hypotheses"][0]["name"], "faster-than-ruby");
        assert_eq!(value["hypotheses"][0]["verdict"], "yes");
        assert_eq!(value["skipped"][0]["id"], "htree");
        let counts = &value["exact_figures"]["ex1-hello"]["written by hand"];
        assert_eq!(
            (&counts["instructions"], &counts["sha256"]),
            (&json!(4), &json!("ca93b9817403"))
        );
        let wat = value["cases"]
            .as_array()
            .unwrap()
            .iter()
            .find(|case| case["id"] == "wat/wasmer-cranelift")
            .unwrap();
        assert_eq!(
            (&wat["steps"]["start"]["estimate"], &wat["guest_bytes"]),
            (&json!(30e3), &json!(240))
        );
    }
}
