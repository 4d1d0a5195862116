// Package notify tells others what happens to cases: every alert event goes, as it
// stands in the log, to the subscribers of the settings, by webhook or by mail.
//
//	log ─▶ reader of a subscriber ─▶ its units? its kinds? ─▶ POST, signed ─▶ cursor
//	                                                             │ failed
//	                                                             └─ wait, again
//
// # What is promised
//
//   - At least once: the cursor moves on only after the subscriber took the event
//     (2xx, or the mail server's answer to the text). What was sent when a server
//     died is sent again, with the same webhook-id.
//   - In the order of the log, to each subscriber. The next event waits for the one
//     before, for as long as it takes; nothing is given up. Attempts go on with
//     exponential back-off and jitter, up to [MaxPause] apart.
//   - Subscribers do not wait for each other: each has a reader of its own.
//   - Of several servers one sends to a subscriber: the one that holds its cursor
//     (see eventlog.Cursors), for [HoldTime] at a time. If it dies another takes
//     over then. A server that is stopped and wakes up later may send what the other
//     one has sent already; sequence, in the event, tells.
//   - A webhook goes to public addresses, and to those that the settings allow. What
//     the name resolves to is judged at each connection, redirects are not followed,
//     and no proxy of the environment is asked.
//
// Cursors are in JetStream and not in a file, as a file would be one server's:
// two servers would both send, and one that is replaced would begin anew.
//
// A subscriber that is new begins with what happens from then on. The signature is
// that of Standard Webhooks 1.0; docs/cases.md shows how to check it.
package notify
