//! A platform on loopback: it lets anybody sign in, and answers what a test says.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use genesys_cloud::{ClientCredentials, Endpoints, Genesys, Settings};
use serde_json::json;
use url::Url;

use crate::genesys::Session;

/// A client of a platform with these routes.
pub(super) async fn genesys(routes: Router) -> Genesys {
    let token =
        json!({"access_token": "planted-token", "token_type": "bearer", "expires_in": 86400});
    let sign_in = post(move || std::future::ready(token.to_string()));
    let router = routes.route("/oauth/token", sign_in);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Ends with the test's runtime.
    tokio::spawn(async move { axum::serve(listener, router).await });
    let url: Url = url.parse().unwrap();
    let endpoints = Endpoints {
        api: url.clone(),
        login: url,
    };
    let credentials = ClientCredentials {
        client_id: "client".into(),
        client_secret: "secret".to_owned().into(),
    };
    Genesys::new(endpoints, credentials, Settings::default()).unwrap()
}

/// A session with a platform with these routes.
pub(super) async fn session(routes: Router) -> Session {
    Session {
        genesys: genesys(routes).await,
        client_id: "client".parse().unwrap(),
        own_clients: BTreeSet::new(),
        role_slot: Arc::default(),
        types: Arc::default(),
        listed: Arc::default(),
    }
}
