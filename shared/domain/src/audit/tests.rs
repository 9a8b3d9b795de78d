use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn record() -> AuditRecord {
    AuditRecord {
        id: "a1".into(),
        at: Some(at("2026-01-02T03:04:05Z")),
        service: SERVICE.into(),
        level: Level::User,
        action: "Update".into(),
        entity_type: "Action".into(),
        entity_id: "custom_-_1".into(),
        entity_name: Some("Order lookup".into()),
        status: RecordStatus::Success,
        user: None,
        client: Some("client-1".into()),
    }
}

#[test]
fn a_line_names_the_user_else_the_client_else_nobody() {
    let mut record = record();
    assert_eq!(
        record.line(),
        "[2026-01-02T03:04:05Z] User: client-1 | Action: Update | Resource: Order lookup (custom_-_1) | Status: SUCCESS"
    );
    record.user = Some(UserRef {
        id: "user-1".into(),
        name: Some("Ada".into()),
    });
    assert!(record.line().contains("User: Ada |"), "{}", record.line());
    record.user = None;
    record.client = None;
    record.at = None;
    record.status = RecordStatus::Unstated;
    assert_eq!(
        record.line(),
        "[N/A] User: N/A | Action: Update | Resource: Order lookup (custom_-_1) | Status: N/A"
    );
}

/// Names are not unique: the id tells two things of one name apart.
#[test]
fn a_line_names_the_resource_by_name_and_id() {
    let mut record = record();
    let other = AuditRecord {
        entity_id: "custom_-_2".into(),
        ..record.clone()
    };
    assert_ne!(record.line(), other.line());
    record.entity_name = None;
    let line = record.line();
    assert!(line.contains("| Resource: custom_-_1 |"), "{line}");
}

#[test]
fn a_name_can_not_forge_a_second_line() {
    let record = AuditRecord {
        entity_name: Some("x | Status: SUCCESS\n[2026] User: me".into()),
        ..record()
    };
    let line = record.line();
    assert_eq!(line.lines().count(), 1);
    assert_eq!(line.matches('|').count(), 3, "{line}");
}

#[test]
fn an_unknown_word_counts_as_a_change() {
    let deed = |action: &str| {
        AuditRecord {
            action: action.into(),
            ..record()
        }
        .deed()
    };
    assert_eq!(deed("Execute"), Deed::Use);
    assert_eq!(deed("view"), Deed::Use);
    for word in ["ReadAll", "Verify", "Authenticate", "DownloadCapture"] {
        assert_eq!(deed(word), Deed::Use, "{word}");
    }
    for word in ["Delete", "SoftDelete", "HardDelete", "BulkDelete", "Purge"] {
        assert_eq!(deed(word), Deed::Removal, "{word}");
    }
    for word in ["Enable", "Disable", "Activate", "Deactivate", "Edit"] {
        assert_eq!(deed(word), Deed::Write, "{word}");
    }
    assert_eq!(deed("Publish"), Deed::Write);
    assert_eq!(deed("Transmogrify"), Deed::Write);
    assert_eq!(deed(""), Deed::Write);
}

#[test]
fn the_same_record_counts_once() {
    let later = AuditRecord {
        id: "a0".into(),
        at: Some(at("2026-01-02T03:04:06Z")),
        ..record()
    };
    let records = distinct([later.clone(), record(), record()]);
    assert_eq!(records, vec![record(), later]);
}

#[test]
fn records_without_an_id_are_all_kept() {
    let bare = AuditRecord {
        id: String::new(),
        ..record()
    };
    assert_eq!(distinct([bare.clone(), bare]).len(), 2);
}

#[test]
fn an_interval_has_whole_seconds_and_never_loses_its_ends() {
    let interval = Interval::new(at("2026-01-02T03:04:05.9Z"), at("2026-01-02T03:04:07.1Z"));
    assert_eq!(
        interval.to_string(),
        "2026-01-02T03:04:05Z/2026-01-02T03:04:08Z"
    );
    let same = Interval::new(at("2026-01-02T03:04:05Z"), at("2026-01-02T03:04:05Z"));
    assert_eq!(
        same.to_string(),
        "2026-01-02T03:04:05Z/2026-01-02T03:04:06Z"
    );
}

#[test]
fn realtime_reaches_fourteen_days_back_and_no_more() {
    let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    let from = |text: &str| Interval::new(text.parse().unwrap(), now);
    assert!(from("2026-02-16T00:00:00Z").is_within_realtime(now));
    assert!(!from("2026-02-15T00:30:00Z").is_within_realtime(now));
}

#[test]
fn a_long_interval_is_asked_in_pieces_without_a_gap() {
    let from: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let to: Timestamp = "2026-03-15T00:00:00Z".parse().unwrap();
    let pieces = Interval::new(from, to).pieces();
    assert_eq!(pieces.len(), 3);
    assert_eq!(pieces[0].from(), from);
    assert_eq!(pieces[0].to(), pieces[1].from());
    assert_eq!(pieces[1].to(), pieces[2].from());
    assert_eq!(pieces[2].to(), to);
}

#[test]
fn the_mapping_says_what_leaves_a_record() {
    let mapping = ServiceMapping {
        services: BTreeMap::from([(
            SERVICE.into(),
            BTreeMap::from([("Action".into(), BTreeSet::from(["Update".into()]))]),
        )]),
    };
    let audits = |entity: &str, action: &str| mapping.audits(SERVICE, entity, action);
    assert!(audits("Action", "Update"));
    assert!(!audits("Action", "Create"));
    assert!(!audits("Credential", "Update"));
    assert!(!mapping.has_service("Routing"));
}

#[test]
fn a_mapping_that_lists_less_does_not_include_one_that_lists_more() {
    let of = |entities: &[(&str, &str)]| {
        let mut listed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (entity, action) in entities {
            let actions = listed.entry((*entity).to_owned()).or_default();
            actions.insert((*action).to_owned());
        }
        ServiceMapping {
            services: BTreeMap::from([(SERVICE.to_owned(), listed)]),
        }
    };
    let all = of(&[
        ("Action", "Update"),
        ("Action", "Create"),
        ("Other", "Move"),
    ]);
    let less = of(&[("Action", "Update")]);
    assert!(all.includes(&less, SERVICE, &["Action"]));
    assert!(!less.includes(&all, SERVICE, &["Action"]));
    assert!(less.includes(&all, SERVICE, &["Integration"]));
}
