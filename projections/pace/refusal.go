package pace

import "github.com/outturn/outturn/events"

// CodeUnknownPace is the code of a removal of what is not set.
const CodeUnknownPace events.Code = "unknown_pace" // no such pace rule is set for that unit

// ReasonUnknownPace is its reason; the comment names its parameters.
const ReasonUnknownPace events.Reason = "unknown_pace" // pace, unit
