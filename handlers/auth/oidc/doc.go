// Package oidc signs people in by an identity provider: OpenID Connect Core 1.0,
// authorization code flow with PKCE (RFC 7636).
//
//	client, err := oidc.New(oidc.Config{Issuer: "https://id.example.gov.cn/realms/finance", ClientID: "outturn",
//		ClientSecret: secret, RedirectURL: "https://outturn.example.gov.cn" + oidc.CallbackPath}, sessions)
//	client.Start(w, r, "/lines/2023-GX-TRAIN")    // at StartPath: sends the browser to the provider
//	next, refusal := client.Callback(w, r)        // at CallbackPath: opens the session
//
// The provider says who it is, and nothing more: the user of that code must be
// registered and have a role. What has to be remembered between the two calls
// (state, nonce, code verifier, the page that was asked for) travels in a cookie
// that is encrypted under a key of this process.
package oidc
