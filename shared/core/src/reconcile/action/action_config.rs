//! An action's configuration, as Genesys Cloud answers it and as it is written back.

use genesys_cloud as api;
use lockstep_domain::binding::{ActionConfig, OtherMembers};
use lockstep_domain::manifest::{DEFAULT_SUCCESS_TEMPLATE, RAW_REQUEST};
use lockstep_domain::template::Template;

use super::RebindError;

/// The templates of a configuration.
pub(super) struct Pair {
    pub(super) request: Template,
    pub(super) success: Template,
}

impl Pair {
    /// As the configuration itself gives them; none where it gives their addresses alone.
    pub(super) fn inline(config: &api::ActionConfig) -> Option<Self> {
        let request = config.request.as_ref()?.request_template.clone()?;
        let success = config.response.as_ref()?.success_template.clone()?;
        Some(Self::read(Some(request), Some(success)))
    }

    /// As they were read at their own places.
    pub(super) fn read(request: Option<String>, success: Option<String>) -> Self {
        Self {
            request: template(api::Template::Request, request),
            success: template(api::Template::Success, success),
        }
    }
}

/// A template as it was read, or the platform's default, which an empty one is replaced by
/// (terraform-provider-genesyscloud reads that back).
pub(super) fn template(which: api::Template, read: Option<String>) -> Template {
    let default = match which {
        api::Template::Request => RAW_REQUEST,
        api::Template::Success => DEFAULT_SUCCESS_TEMPLATE,
    };
    read.filter(|template| !template.is_empty())
        .unwrap_or_else(|| default.to_owned())
        .into()
}

/// A configuration as it was read, with its templates.
pub(super) fn config_in(config: api::ActionConfig, templates: Pair) -> ActionConfig {
    let request = config.request.unwrap_or_default();
    let response = config.response.unwrap_or_default();
    ActionConfig {
        timeout_seconds: config.timeout_seconds,
        request_url_template: request.request_url_template.unwrap_or_default(),
        request_type: request.request_type.unwrap_or_default(),
        request_template: templates.request,
        headers: request.headers,
        translation_map: response.translation_map,
        translation_map_defaults: response.translation_map_defaults,
        success_template: templates.success,
        other: OtherMembers {
            config: config.other,
            request: request.other,
            response: response.other,
        },
    }
}

/// Complete, with both templates and every member that was read and is not known here.
///
/// # Errors
/// The text of a template is not known: nothing that was not read or is not the manifest's is
/// written.
pub(super) fn config_out(config: &ActionConfig) -> Result<api::ActionConfig, RebindError> {
    let text = |template: &Template| {
        let text = template.text().map(str::to_owned);
        text.ok_or(RebindError::incomplete("the text of a template"))
    };
    Ok(api::ActionConfig {
        timeout_seconds: config.timeout_seconds,
        request: Some(api::RequestConfig {
            request_url_template: Some(config.request_url_template.clone()),
            request_template: Some(text(&config.request_template)?),
            request_type: Some(config.request_type.clone()),
            headers: config.headers.clone(),
            other: config.other.request.clone(),
            ..Default::default()
        }),
        response: Some(api::ResponseConfig {
            translation_map: config.translation_map.clone(),
            translation_map_defaults: config.translation_map_defaults.clone(),
            success_template: Some(text(&config.success_template)?),
            other: config.other.response.clone(),
            ..Default::default()
        }),
        other: config.other.config.clone(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(config: &Value, templates: [Option<&str>; 2]) -> ActionConfig {
        let config: api::ActionConfig = serde_json::from_value(config.clone()).unwrap();
        let [request, success] = templates.map(|template| template.map(str::to_owned));
        let templates = Pair::inline(&config).unwrap_or_else(|| Pair::read(request, success));
        config_in(config, templates)
    }

    fn written(config: &ActionConfig) -> Value {
        serde_json::to_value(config_out(config).unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_known_of_a_config_is_written_back_and_the_template_uris_are_not() {
        let config = json!({
            "timeoutSeconds": 5,
            "retry": {"count": 2},
            "request": {
                "requestUrlTemplate": "arn:aws:lambda:us-east-1:123456789012:function:GenesysOrders",
                "requestTemplateUri": "/api/v2/integrations/actions/a/templates/requesttemplate.vm",
                "requestType": "POST",
                "headers": {"x-trace": "1"},
                "encoding": "utf-8",
            },
            "response": {
                "translationMap": {"id": "$.id"},
                "translationMapDefaults": {"id": "0"},
                "successTemplateUri": "/api/v2/integrations/actions/a/templates/successtemplate.vm",
                "errorMapping": [1, {"b": null}],
            },
        });
        let mut expected = config.clone();
        for (part, uri, template, text) in [
            (
                "request",
                "requestTemplateUri",
                "requestTemplate",
                "${input.order}",
            ),
            ("response", "successTemplateUri", "successTemplate", "${id}"),
        ] {
            let part = expected[part].as_object_mut().unwrap();
            part.remove(uri);
            part.insert(template.to_owned(), json!(text));
        }
        let seen = read(&config, [Some("${input.order}"), Some("${id}")]);
        assert_eq!(written(&seen), expected);
    }

    #[test]
    fn an_empty_template_is_read_as_the_platforms_default() {
        for empty in [None, Some("")] {
            let seen = read(&json!({"request": {"requestTemplate": ""}}), [empty, empty]);
            assert_eq!(seen.request_template.text(), Some("${input.rawRequest}"));
            assert_eq!(seen.success_template.text(), Some("${rawResult}"));
        }
    }

    #[test]
    fn templates_that_come_with_the_config_are_taken_from_there() {
        let inline = json!({
            "request": {"requestTemplate": "${input.order}"},
            "response": {"successTemplate": ""},
        });
        let seen = read(&inline, [Some("another"), Some("another")]);
        assert_eq!(seen.request_template.text(), Some("${input.order}"));
        assert_eq!(seen.success_template.text(), Some("${rawResult}"));
    }

    #[test]
    fn a_template_that_was_not_read_is_not_written() {
        let mut seen = read(&json!({}), [None, None]);
        seen.success_template = Template::Unread(seen.success_template.digest());
        assert!(config_out(&seen).is_err());
    }
}
