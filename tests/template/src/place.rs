/// Where a stack is deployed, and under which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The account's number.
    pub account: String,
    /// The region, such as `us-east-1`.
    pub region: String,
    /// The partition, such as `aws`.
    pub partition: String,
    /// The stack's name.
    pub stack: String,
}

impl Place {
    /// An ARN of this account and region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!(
            "arn:{}:{service}:{}:{}:{resource}",
            self.partition, self.region, self.account
        )
    }

    /// An ARN of IAM, which has no regions.
    pub(crate) fn iam_arn(&self, resource: &str) -> String {
        format!("arn:{}:iam::{}:{resource}", self.partition, self.account)
    }

    /// Source: AWS CloudFormation User Guide, "Pseudo parameters reference", `AWS::URLSuffix`.
    pub(crate) fn url_suffix(&self) -> &'static str {
        if self.partition == "aws-cn" {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        }
    }

    /// A name as CloudFormation makes it: the stack's, the logical id and random characters, which here are always
    /// the same (AWS CloudFormation User Guide, "Name type").
    pub(crate) fn physical_name(&self, id: &str) -> String {
        format!("{}-{id}-1A2B3C4D5E6F", self.stack)
    }
}
