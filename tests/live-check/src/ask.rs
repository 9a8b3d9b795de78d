//! What is asked, and what the caller must be permitted for it.

use reqwest::Method;
use serde_json::Value;
use url::Url;

/// One call: what is asked, and what the caller must be permitted.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    route: &'static str,
    ids: Vec<String>,
    query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    /// The permission that it needs; empty for none.
    pub(crate) needs: &'static str,
    /// Changes nothing, so it may be sent again after whatever may pass.
    pub(crate) reads: bool,
    /// Runs an action: a 5xx may be how that ended.
    pub(crate) runs: bool,
}

impl Ask {
    pub(crate) fn new(method: Method, route: &'static str, needs: &'static str) -> Self {
        Self {
            reads: method == Method::GET,
            method,
            route,
            ids: Vec::new(),
            query: Vec::new(),
            body: None,
            needs,
            runs: false,
        }
    }

    pub(crate) fn get(route: &'static str, needs: &'static str) -> Self {
        Self::new(Method::GET, route, needs)
    }

    /// A query: a POST that changes nothing.
    pub(crate) fn query_post(route: &'static str, needs: &'static str, body: Value) -> Self {
        let mut ask = Self::new(Method::POST, route, needs).with(body);
        ask.reads = true;
        ask
    }

    /// The call runs an action, so that a failure of the server's is an answer too.
    pub(crate) fn running(mut self) -> Self {
        self.runs = true;
        self
    }

    /// The path parameters in order.
    pub(crate) fn on(mut self, id: &str) -> Self {
        self.ids.push(id.to_owned());
        self
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn with(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Method and route, as reports name it.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.route)
    }

    /// Where it is asked.
    pub(crate) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        let mut ids = self.ids.iter();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.clear();
            for part in self.route.split('/').filter(|part| !part.is_empty()) {
                let is_parameter = part.starts_with('{');
                let id = is_parameter.then(|| ids.next()).flatten();
                segments.push(id.map_or(part, String::as_str));
            }
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}
