package access

import "github.com/outturn/outturn/events"

// The codes of refusals about who may do what.
const (
	CodeUnauthenticated events.Code = "unauthenticated" // nobody that is known asks
	CodeForbidden       events.Code = "forbidden"       // who asks may not do this
	CodeUnknownUser     events.Code = "unknown_user"    // no such user is registered, or it is retired
	CodeUnknownGrant    events.Code = "unknown_grant"   // the user does not have that role there
	CodeAlreadyGranted  events.Code = "already_granted" // the user has that role there
	CodeUnknownToken    events.Code = "unknown_token"   // the user has no such token, or it is revoked
)

// Reasons for which an event about a user does not fit what was recorded.
const (
	ReasonUnknownUser    events.Reason = "unknown_user"  // user
	ReasonUserRetired    events.Reason = "user_retired"  // user
	ReasonUserTaken      events.Reason = "user_taken"    // user
	ReasonUserReserved   events.Reason = "user_reserved" // user, reserved
	ReasonRoleHeld       events.Reason = "role_held"     // user, role, unit
	ReasonRoleNotHeld    events.Reason = "role_not_held" // user, role, unit
	ReasonTokenTaken     events.Reason = "token_taken"   // token, user
	ReasonTokenHashTaken events.Reason = "token_hash_taken"
	ReasonTokenNotOfUser events.Reason = "token_not_of_user" // token, user
	ReasonTokenRevoked   events.Reason = "token_revoked"     // token, user
)

// Reasons for which somebody is not let in, or may not do something.
const (
	ReasonTokenUnknown     events.Reason = "token_unknown"
	ReasonTokenExpired     events.Reason = "token_expired"      // token, user, expired
	ReasonNoRole           events.Reason = "no_role"            // user
	ReasonRoleNeeded       events.Reason = "role_needed"        // actor, role, unit
	ReasonRoleNeededOfAll  events.Reason = "role_needed_of_all" // actor, role
	ReasonOnlyServerRecord events.Reason = "only_server"        // type
)
