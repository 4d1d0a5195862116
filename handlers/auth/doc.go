// Package auth knows who is asking: bearer tokens for programs, sessions for
// people at a browser, and what each may ask for in how short a time.
//
//	tokens := auth.Tokens{Keyring: operators, Directory: users, Now: time.Now}
//	sessions := auth.NewSessions(auth.SessionsConfig{Tokens: tokens, Audit: journal})
//	api := auth.Bearer(tokens, refuse, auth.Limit(auth.NewLimits(auth.RequestRate, time.Now), refuse, calls))
//	pages := auth.Pages(sessions, http.NewCrossOriginProtection().Handler(pages))
//
// A [Keyring] holds the operator's own tokens, which the settings name: they may do
// everything. Users and their tokens are events; a [Directory] says whom they let
// in today. A [Sessions] turns a token, or what an identity provider says (package
// oidc), into a cookie with a random id. Sessions live in memory, so that a restart
// signs everybody out, and each request looks whether its user is still let in.
//
// Behind the middlewares [Principal] tells who it is. A [Journal] records who
// signed in and who was refused. Nothing here writes a token anywhere.
package auth
