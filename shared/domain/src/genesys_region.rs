//! The regions of Genesys Cloud: their hosts, and the AWS account that assumes roles for them.
//!
//! Hosts: official Python SDK 269.0.0, `purecloud_region_hosts.py`, and terraform-provider-genesyscloud,
//! `getRegionMap`. The login host is the API host with `api.` replaced by `login.`, the rule of the
//! official SDKs. Accounts: the official blueprints `scheduling-bot-blueprint` (`main.tf`) and
//! `set-emergency-group-lambda-blueprint` (`locals.tf`), and the help page "Configure the IAM role
//! with permissions for the Amazon Lex app".

/// Genesys' AWS account for all commercial regions.
pub const COMMERCIAL_ACCOUNT: &str = "765628985471";

/// Genesys' AWS account for the FedRAMP region.
pub const FEDRAMP_ACCOUNT: &str = "325654371633";

/// One region of Genesys Cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Environment {
    /// What customers call it, such as `mypurecloud.com`; it is the hosts without `api.`.
    pub domain: &'static str,
    /// The AWS region it runs in.
    pub aws_region: &'static str,
    /// The host of the Platform API.
    pub api_host: &'static str,
    /// The host that issues tokens.
    pub login_host: &'static str,
    /// The AWS partition it runs in. A role can trust accounts of its own partition only.
    pub partition: &'static str,
    /// The AWS account that assumes customers' roles, where one is published.
    pub aws_account: Option<&'static str>,
}

macro_rules! environments {
    ($($domain:literal $region:literal $partition:literal $account:expr;)*) => {
        &[$(Environment {
            domain: $domain,
            aws_region: $region,
            api_host: concat!("api.", $domain),
            login_host: concat!("login.", $domain),
            partition: $partition,
            aws_account: $account,
        }),*]
    };
}

/// All regions, the commercial ones first.
pub const ENVIRONMENTS: &[Environment] = environments! {
    "mypurecloud.com" "us-east-1" "aws" Some(COMMERCIAL_ACCOUNT);
    "mypurecloud.ie" "eu-west-1" "aws" Some(COMMERCIAL_ACCOUNT);
    "mypurecloud.com.au" "ap-southeast-2" "aws" Some(COMMERCIAL_ACCOUNT);
    "mypurecloud.jp" "ap-northeast-1" "aws" Some(COMMERCIAL_ACCOUNT);
    "mypurecloud.de" "eu-central-1" "aws" Some(COMMERCIAL_ACCOUNT);
    "usw2.pure.cloud" "us-west-2" "aws" Some(COMMERCIAL_ACCOUNT);
    "cac1.pure.cloud" "ca-central-1" "aws" Some(COMMERCIAL_ACCOUNT);
    "apne2.pure.cloud" "ap-northeast-2" "aws" Some(COMMERCIAL_ACCOUNT);
    "euw2.pure.cloud" "eu-west-2" "aws" Some(COMMERCIAL_ACCOUNT);
    "aps1.pure.cloud" "ap-south-1" "aws" Some(COMMERCIAL_ACCOUNT);
    "sae1.pure.cloud" "sa-east-1" "aws" Some(COMMERCIAL_ACCOUNT);
    "mec1.pure.cloud" "me-central-1" "aws" Some(COMMERCIAL_ACCOUNT);
    "apne3.pure.cloud" "ap-northeast-3" "aws" Some(COMMERCIAL_ACCOUNT);
    "euc2.pure.cloud" "eu-central-2" "aws" Some(COMMERCIAL_ACCOUNT);
    "mxc1.pure.cloud" "mx-central-1" "aws" Some(COMMERCIAL_ACCOUNT);
    "apse1.pure.cloud" "ap-southeast-1" "aws" Some(COMMERCIAL_ACCOUNT);
    "use2.us-gov-pure.cloud" "us-east-2" "aws" Some(FEDRAMP_ACCOUNT);
    "edee1.eusc-pure.cloud" "eusc-de-east-1" "aws-eusc" None;
};

/// The region of a domain such as `mypurecloud.com`.
#[must_use]
pub fn by_domain(domain: &str) -> Option<&'static Environment> {
    ENVIRONMENTS.iter().find(|e| e.domain == domain)
}

/// The region that an API or login host belongs to.
#[must_use]
pub fn by_host(host: &str) -> Option<&'static Environment> {
    ENVIRONMENTS
        .iter()
        .find(|e| e.api_host == host || e.login_host == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_follow_the_domain() {
        let west = by_domain("usw2.pure.cloud").unwrap();
        assert_eq!(west.api_host, "api.usw2.pure.cloud");
        assert_eq!(west.login_host, "login.usw2.pure.cloud");
        assert_eq!(west.aws_region, "us-west-2");
        assert_eq!(by_host("login.usw2.pure.cloud"), Some(west));
        assert_eq!(by_host("usw2.pure.cloud"), None);
    }

    #[test]
    fn domains_and_regions_are_listed_once() {
        for (i, one) in ENVIRONMENTS.iter().enumerate() {
            for other in &ENVIRONMENTS[..i] {
                assert_ne!(one.domain, other.domain);
                assert_ne!(one.aws_region, other.aws_region);
            }
        }
    }

    #[test]
    fn only_the_sovereign_region_has_no_published_account() {
        let unknown: Vec<_> = ENVIRONMENTS
            .iter()
            .filter(|e| e.aws_account.is_none())
            .map(|e| e.domain)
            .collect();
        assert_eq!(unknown, ["edee1.eusc-pure.cloud"]);
        let fedramp = by_domain("use2.us-gov-pure.cloud").unwrap();
        assert_eq!(fedramp.aws_account, Some(FEDRAMP_ACCOUNT));
    }
}
