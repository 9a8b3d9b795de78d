//! What the platform's audit log says about a window.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use genesys_cloud::{AuditFilter, AuditProperty, AuditQuery};
use jiff::Timestamp;
use lockstep_domain::audit::{
    AuditRecord, Interval, Level, RecordStatus, SERVICE, ServiceMapping, UserRef,
};
use lockstep_domain::manifest::{Authorized, Manifest};
use lockstep_domain::rotation::Pair;

use crate::genesys::Session;
use crate::rotation::pair;
use crate::runtime::chain;
use crate::services::Binder;

/// The audited kinds of things that Lockstep changes.
const KINDS: [&str; 4] = ["Action", "ActionDraft", "Credential", "Integration"];

/// The answer of the audit log.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditLog {
    /// What the platform says it audits.
    pub(crate) mapping: ServiceMapping,
    /// The records.
    pub(crate) records: Vec<AuditRecord>,
    /// Who may change what is managed.
    pub(crate) authorized: Authorized,
    /// What could not be read.
    pub(crate) incomplete: Vec<String>,
}

/// Reads the audit log: the realtime query where it covers window and service, else the
/// asynchronous one (published swagger: realtime holds "only 14 days worth of audits for certain
/// services").
///
/// With `entities`, only records about those; else all of the service.
pub(crate) async fn read_audit_log(
    world: &Binder,
    manifest: &Manifest,
    session: &Session,
    interval: Interval,
    entities: Option<&BTreeSet<String>>,
    now: Timestamp,
) -> AuditLog {
    let mut audit_log = AuditLog::default();
    let (all, realtime, authorized) = tokio::join!(
        session.genesys.audit_services(),
        session.genesys.audit_services_realtime(),
        authorized(world, manifest),
    );
    match authorized {
        Ok(authorized) => audit_log.authorized = authorized,
        Err(unread) => audit_log.incomplete.push(unread),
    }
    match all {
        Ok(all) => audit_log.mapping = mapping(all),
        Err(error) => {
            let error = chain(&error);
            audit_log.incomplete.push(format!(
                "Lockstep could not read what Genesys Cloud audits: {error}"
            ));
            return audit_log;
        }
    }
    if !audit_log.mapping.has_service(SERVICE) {
        audit_log.incomplete.push(format!(
            "the audit service mapping of Genesys Cloud does not list {SERVICE}, so the audit log \
             cannot show who made a change"
        ));
        return audit_log;
    }
    let realtime = interval.is_within_realtime(now)
        && realtime.is_ok_and(|realtime| {
            let realtime = mapping(realtime);
            realtime.has_service(SERVICE) && realtime.includes(&audit_log.mapping, SERVICE, &KINDS)
        });
    let questions: Vec<Option<&String>> = match entities {
        Some(entities) => entities.iter().map(Some).collect(),
        None => vec![None],
    };
    for entity in questions {
        match ask(session, interval, entity, realtime).await {
            Ok(records) => audit_log.records.extend(records),
            Err(error) => {
                let of = entity.map(|id| format!(" of {id}")).unwrap_or_default();
                let error = chain(&error);
                audit_log.incomplete.push(format!(
                    "Lockstep could not read the audit records{of}: {error}"
                ));
            }
        }
    }
    audit_log
}

/// As the manifest says; of a pair that is rotated, both where it names one, since a rotation
/// changes their places.
///
/// # Errors
/// A pair could not be read now. One that can't be read at all leaves what the manifest says.
async fn authorized(world: &Binder, manifest: &Manifest) -> Result<Authorized, String> {
    let organization = &manifest.organization;
    let mut authorized = organization.authorized.clone();
    if authorized.clients.is_empty() {
        return Ok(authorized);
    }
    let reads = organization.rotated_clients.iter();
    let reads =
        reads.map(async |secret| (secret, world.client_secrets.genesys_client(secret).await));
    for (secret, read) in join_all(reads).await {
        match read.as_ref().map(pair) {
            Ok(Some(Pair {
                client,
                alternate: Some(alternate),
            })) => {
                let clients = &mut authorized.clients;
                if clients.contains(&client) || clients.contains(&alternate) {
                    clients.extend([client, alternate]);
                }
            }
            Ok(_) => {}
            Err(error) if error.is_transient() => {
                return Err(format!(
                    "{secret} could not be read, so Lockstep does not know which clients are \
                     authorized: {}",
                    chain(error)
                ));
            }
            Err(error) => {
                tracing::warn!(%secret, error = %chain(error), "the pair of clients cannot be read")
            }
        }
    }
    Ok(authorized)
}

async fn ask(
    session: &Session,
    interval: Interval,
    entity: Option<&String>,
    realtime: bool,
) -> Result<Vec<AuditRecord>, genesys_cloud::Error> {
    let pieces = if realtime {
        vec![interval]
    } else {
        interval.pieces()
    };
    let mut found = Vec::new();
    for piece in pieces {
        let query = AuditQuery {
            from: piece.from(),
            to: piece.to(),
            service: Some(SERVICE.to_owned()),
            filters: entity
                .map(|id| AuditFilter {
                    property: AuditProperty::EntityId,
                    value: id.clone(),
                })
                .into_iter()
                .collect(),
        };
        let records = if realtime {
            session.genesys.query_audits_realtime(&query).await?
        } else {
            session.genesys.query_audits(&query).await?
        };
        found.extend(records.into_iter().map(|record| read(record, entity)));
    }
    Ok(found)
}

/// A record in our words. One that names no entity answers a question about one all the same.
fn read(record: genesys_cloud::AuditRecord, asked: Option<&String>) -> AuditRecord {
    let status = match record.status {
        Some(genesys_cloud::AuditStatus::Success) => RecordStatus::Success,
        Some(genesys_cloud::AuditStatus::Failure) => RecordStatus::Failure,
        Some(genesys_cloud::AuditStatus::Warning) => RecordStatus::Warning,
        Some(genesys_cloud::AuditStatus::Unknown) | None => RecordStatus::Unstated,
    };
    let name_of = |entity: &Option<genesys_cloud::EntityRef>| {
        let name = entity.as_ref()?.name.clone()?;
        (!name.is_empty()).then_some(name)
    };
    let user = record.user_id().map(|id| UserRef {
        id: id.to_owned(),
        name: name_of(&record.user),
    });
    AuditRecord {
        at: record.event_date,
        level: Level::parse(record.level.as_deref().unwrap_or_default()),
        entity_id: record
            .entity_id()
            .or(asked.map(String::as_str))
            .unwrap_or_default()
            .to_owned(),
        entity_name: name_of(&record.entity),
        client: record.client_id().map(str::to_owned),
        user,
        status,
        id: record.id.unwrap_or_default(),
        service: record.service_name.unwrap_or_default(),
        action: record.action.unwrap_or_default(),
        entity_type: record.entity_type.unwrap_or_default(),
    }
}

fn mapping(wire: genesys_cloud::ServiceMapping) -> ServiceMapping {
    let mut services: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for service in wire.services {
        let entities = services.entry(service.name).or_default();
        for entity in service.entities {
            entities
                .entry(entity.name)
                .or_default()
                .extend(entity.actions);
        }
    }
    ServiceMapping { services }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(json: &str) -> genesys_cloud::AuditRecord {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_record_with_empty_texts_says_nothing_rather_than_something_empty() {
        let record = read(
            wire(
                r#"{"id": "r1", "user": {"id": ""}, "client": {"id": "c1"}, "level": "USER",
                    "eventDate": "2026-01-02T03:04:05Z", "action": "Update", "entityType": "Action",
                    "entity": {"id": "a1", "name": ""}, "status": "SUCCESS", "serviceName": "Integrations"}"#,
            ),
            None,
        );
        assert_eq!(record.user, None);
        assert_eq!(record.client.as_deref(), Some("c1"));
        assert_eq!(record.entity_name, None);
        assert_eq!(record.status, RecordStatus::Success);
        assert_eq!(record.level, Level::User);
    }

    #[test]
    fn a_record_without_its_entity_belongs_to_the_one_that_was_asked_about() {
        let asked = "a1".to_owned();
        let record = read(wire(r#"{"id": "r1"}"#), Some(&asked));
        assert_eq!(record.entity_id, "a1");
        assert_eq!(record.status, RecordStatus::Unstated);
        assert_eq!(read(wire(r#"{"id": "r1"}"#), None).entity_id, "");
    }
}
