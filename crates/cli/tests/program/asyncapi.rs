//! `tekup asyncapi`.

use super::*;

#[test]
fn a_service_is_told_to_other_languages_as_a_document_without_the_password_of_its_server() {
    let output = tekup(&[
        "asyncapi",
        "lead-scoring",
        "--service-version",
        "1.4.0",
        "--description",
        "Scores leads.",
        "--sends",
        "lead.scored",
        "--receives",
        "scoring=lead.created",
        "--receives",
        "audit=lead.*",
        "--redis",
        "redis://operator:s3cret@redis.example.com:6380/2",
        "--namespace",
        "shop",
        "--partitions",
        "2",
    ]);
    assert_eq!(code(&output), 0, "{}", blamed(&output));
    assert!(!told(&output).contains("s3cret") && !told(&output).contains("operator"), "{}", told(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(document["info"]["version"], "1.4.0");
    assert_eq!(document["servers"]["bus"]["host"], "redis.example.com:6380");
    assert_eq!(document["servers"]["bus"]["pathname"], "/2");
    assert_eq!(document["x-tekup-redis"]["lane"], "shop:{<tag>}:lane:<type>:<priority>");
    assert_eq!(document["x-tekup-redis"]["tags"].as_array().unwrap().len(), 2);
    let operations: Vec<&String> = document["operations"].as_object().unwrap().keys().collect();
    let expected = [
        "receive_audit_lead.converted",
        "receive_audit_lead.created",
        "receive_audit_lead.scored",
        "receive_scoring_lead.created",
        "send_lead.scored",
    ];
    assert_eq!(operations, expected);
}

#[test]
fn a_service_that_can_not_be_told_is_an_error_with_every_mistake_and_no_document() {
    let wrong = ["asyncapi", "a b", "--service-version", "1.0.0", "--sends", "lead.lost", "--receives", "audit=Lead.*"];
    let output = tekup(&wrong);
    assert_eq!((code(&output), told(&output).as_str()), (1, ""));
    for mistake in ["3 mistakes", "service `a b`", "pattern `lead.lost` takes no registered event", "pattern `Lead.*`"]
    {
        assert!(blamed(&output).contains(mistake), "{mistake}: {}", blamed(&output));
    }
    let table: [(&[&str], i32, &str); 4] = [
        (&["asyncapi", "crm"], 2, "--service-version"),
        (
            &["asyncapi", "crm", "--service-version", "1.0.0", "--receives", "lead.created"],
            2,
            "such as `scoring=lead.created`",
        ),
        (&["asyncapi", "crm", "--service-version", "1.0.0", "--sends", "*", "--redis", "http://x"], 1, "url"),
        (&["asyncapi", "crm", "--service-version", "1.0.0", "--sends", "*", "--partitions", "0"], 1, "partitions is 0"),
    ];
    for (args, expected, blames) in table {
        let output = tekup(args);
        assert_eq!(code(&output), expected, "{args:?}");
        assert!(blamed(&output).contains(blames), "{args:?}: {}", blamed(&output));
    }
}
