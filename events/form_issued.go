package events

import (
	"github.com/outturn/outturn/events/fiscal"
)

// FormIssued (自评表签发) says that a form was issued: its digest, and the log
// position that every figure on it rests on.
type FormIssued struct {
	Kind     Subject     `json:"about"`
	Year     fiscal.Year `json:"year"`
	Date     fiscal.Date `json:"date"`
	Template Text        `json:"template"`
	Digest   Digest      `json:"digest"`
	Position Position    `json:"position"`
	Memo     Note        `json:"memo,omitempty"`
}

// Type is the type's name for ever.
func (FormIssued) Type() Type { return "outturn.form.issued.v1" }

// About says what the subject names, as the event itself states.
func (e FormIssued) About() Subject { return e.Kind }

// On is the business date.
func (e FormIssued) On() fiscal.Date { return e.Date }

func (e FormIssued) check() error { return checkAbout(e.Kind, OfUnit, OfProject) }
