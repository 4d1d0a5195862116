// Package handlers knows HOW PEOPLE REACH IT. It puts the parts below behind
// one http.Handler:
//
//	commands  what people want to record: decided and appended (the only writer)
//	api       JSON under /v1
//	web       pages
//	auth      who is asking
//	language  every sentence, in zh-CN and English
//	metrics   what Prometheus is told
//
// Nothing here speaks to Postgres or NATS: it reads through projections.Reader
// and writes through the events/eventlog.Log that it is given.
package handlers
