//! `tekup event`.

use super::*;

#[test]
fn every_envelope_that_typescript_writes_is_valid() {
    let valid = vectors().into_iter().map(|path| {
        let output = tekup(&["event", "validate", &path]);
        assert_eq!(code(&output), 0, "{path}: {}", told(&output));
        told(&output).strip_suffix(" valid, 0 invalid\n").unwrap().parse::<usize>().unwrap()
    });
    assert_eq!(valid.sum::<usize>(), 19);
}

#[test]
fn one_event_a_list_an_object_and_lines_are_told_apart() {
    let (good, mut bad) = (lead(), lead());
    bad["data"]["score"] = "high".into();
    let table = [
        (good.to_string(), 0, "1 valid, 0 invalid"),
        (format!("[{good},{bad}]"), 3, "[1]: `data.score` breaks `type`"),
        (format!(r#"{{"first": {bad}, "second": {good}}}"#), 3, "first: `data.score` breaks `type`"),
        (format!("{good}\n{bad}\n{good}\n"), 3, "line 2: `data.score` breaks `type`"),
        (format!("{good}\n{{\"id\":\n"), 3, "line 2: event can't be decoded"),
        ("[]".into(), 0, "0 valid, 0 invalid"),
        (format!("[{good},{bad},]"), 3, "the list: is no JSON: trailing comma at line 1"),
        (format!("\u{feff}{good}\r\n{bad}\r\n"), 3, "line 2: `data.score` breaks `type`"),
        (format!("{good:#}\n{bad:#}\n"), 3, ": `data.score` breaks `type`"),
        (format!("{good:#}\n{good:#}\n"), 0, "2 valid, 0 invalid"),
    ];
    for (input, ended, expected) in table {
        let output = tekup_with(&["event", "validate", "-"], input.as_bytes());
        assert_eq!(code(&output), ended, "{input}: {}", told(&output));
        assert!(told(&output).contains(expected), "{input}: {}", told(&output));
    }
}

#[test]
fn garbage_is_told_by_its_place_and_panics_nowhere() {
    let lead = lead().to_string();
    let changed = |from: &str, to: &str| {
        assert!(lead.contains(from), "{lead} holds no {from}");
        lead.replacen(from, to, 1)
    };
    let table = [
        (changed(r#""score":85"#, r#""score":NaN"#), "line 1: event can't be decoded"),
        (changed(r#""score":85"#, r#""score":1e999"#), "`data.score`: number out of range"),
        (changed(r#""score":85"#, r#""score":85,"score":86"#), "`data.score` is there twice"),
        (changed(r#""leadId":"lead-123""#, r#""leadId":"""#), "`data.leadId` breaks `minLength`"),
        (changed("lead.created", "lead.lost"), "`lead.lost` 1.0.0 is unknown to this program"),
        (changed(r#""version":"1.0.0""#, r#""version":"2.0.0""#), "`lead.created` 2.0.0 is unknown to this program"),
        (changed("lead.created", "lead.converted"), "breaks `required`"),
        (changed("2025-09-14T10:15:30.123Z", "2025-09-14T10:15:30"), "`timestamp`"),
        (changed(r#""score":85"#, &format!(r#""score":{}{}"#, "[".repeat(10_000), "]".repeat(10_000))), "levels deep"),
    ];
    for (input, expected) in table {
        let output = tekup_with(&["event", "validate", "-"], input.as_bytes());
        assert_eq!(code(&output), 3, "{expected}: {}{}", told(&output), blamed(&output));
        assert!(told(&output).contains(expected), "{expected}: {}", told(&output));
    }
}

#[test]
fn every_mistake_of_an_event_is_told_up_to_a_limit_that_is_told_too() {
    let mut bad = of_crm("lead.converted");
    for (mistakes, findings) in [(57, 57), (1_000, 1_000), (5_000, 1_001)] {
        bad["data"]["touchpoints"] = vec![1; mistakes].into();
        let output = tekup_with(&["event", "validate", "-"], bad.to_string().as_bytes());
        assert_eq!((code(&output), told(&output).lines().count()), (3, findings + 1), "{mistakes}");
        assert_eq!(told(&output).contains("the event: and more: mend these first\n"), findings > 1_000, "{mistakes}");
        assert!(told(&output).contains("the event: `data.touchpoints[56]` breaks `type`"), "{mistakes}");
    }
}

#[test]
fn of_events_with_one_name_none_is_passed_over() {
    let (good, mut bad) = (lead(), lead());
    bad["data"]["score"] = "high".into();
    let input = format!(r#"{{"a\u001b": {bad}, "a\u001b": {good}}}"#);
    let output = tekup_with(&["event", "validate", "-"], input.as_bytes());
    assert_eq!(code(&output), 3);
    assert!(told(&output).starts_with("a\\u{1b}: `data.score` breaks `type`"), "{}", told(&output));
    assert!(told(&output).ends_with("1 valid, 1 invalid\n"), "{}", told(&output));
}

#[test]
fn findings_are_told_to_programs_as_json() {
    let mut bad = lead();
    bad["data"]["score"] = "s3cret".into();
    let output = tekup_with(&["event", "validate", "-", "--output", "json"], bad.to_string().as_bytes());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["valid"], &answer["invalid"]), (&0.into(), &1.into()));
    assert_eq!(answer["findings"][0]["event"], "the event");
    assert!(!told(&output).contains("s3cret"));
}

#[test]
fn a_file_that_can_not_be_read_is_an_error_and_no_finding() {
    let output = tekup(&["event", "validate", "no-such-file.json"]);
    assert_eq!((code(&output), blamed(&output).contains("`no-such-file.json` can't be read")), (1, true));
    for empty in ["", " \n"] {
        let output = tekup_with(&["event", "validate", "-"], empty.as_bytes());
        assert_eq!((code(&output), blamed(&output).contains("`-` is empty: it holds no event")), (1, true));
    }
    let output = tekup_with(&["event", "validate", "-"], &[0xff, 0xfe]);
    assert_eq!((code(&output), blamed(&output).contains("no UTF-8")), (1, true));
}
