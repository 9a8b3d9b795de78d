#![doc = include_str!("../README.md")]

mod answer;
mod api;
mod breaker;
mod client;
mod clock;
mod de;
mod error;
mod error_body;
mod exchange;
mod operation;
mod pacing;
mod paging;
mod request;
mod retry;
mod settings;
mod sign_in;
mod stats;
mod token;
mod transport;

pub use api::actions::{
    Action, ActionConfig, ActionContract, ActionFilter, ActionUpdate, ContractInput,
    ContractOutput, NewAction, RequestConfig, ResponseConfig, Template,
};
pub use api::audit_records::{
    AuditEntity, AuditRecord, AuditService, AuditStatus, EntityRef, PropertyChange, ServiceMapping,
};
pub use api::audits::{AuditFilter, AuditProperty, AuditQuery};
pub use api::credentials::{Credential, CredentialInfo, CredentialTypeRef};
pub use api::drafts::{DraftUpdate, DraftValidation};
pub use api::integrations::{
    CredentialRef, CredentialSpecification, Integration, IntegrationConfig, IntegrationFilter,
    IntegrationType, IntendedState, ReportedState, ReportedStateCode, TypeRef,
};
pub use api::oauth_clients::{OAuthClient, RoleDivision};
pub use api::organization::Organization;
pub use api::roles::{PermissionPolicy, Role};
pub use api::test_result::{TestResult, TestStep};
pub use api::usage::UsageRow;
pub use client::Genesys;
pub use error::{Error, ErrorKind, STATUS_PAGE, TransportFailure};
pub use settings::{ClientCredentials, Endpoints, Settings};
pub use stats::Stats;
pub use transport::{Body, Exchange, NoAnswer, Transport};
