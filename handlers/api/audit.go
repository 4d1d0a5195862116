package api

import (
	"context"
	"net/http"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/audit"
	"github.com/outturn/outturn/handlers/formimport"
	"github.com/outturn/outturn/handlers/language"
	"github.com/outturn/outturn/handlers/yearend"
)

// AuditAnswer is the report on forms that others typed. Unread is what an
// imported file holds that no form took up.
type AuditAnswer struct {
	audit.Report
	Unread []formimport.Unread `json:"unread,omitempty"`
}

// postAudit audits declared forms: JSON, a Word or Excel file, or the text of a
// table. With events=true their money is held to the events, too. Nothing is
// kept.
func (a *API) postAudit(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	withEvents := q.flag("events")
	if err := q.end(); err != nil {
		a.fail(w, r, err)
		return
	}
	body, err := readBody(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	declared, read, err := formimport.Any("", body)
	if err != nil {
		a.fail(w, r, auditError(err))
		return
	}
	options := audit.Options{Language: language.Of(r).Tag()}
	if withEvents && !a.reach(r).Everything() {
		// A sum of what he reads would find fault with a form that holds more.
		a.fail(w, r, events.Refuse(CodeForbidden, ReasonEverythingNeeded, ""))
		return
	}
	if withEvents {
		if options.Events, err = a.known(r.Context(), declared); err != nil {
			a.fail(w, r, err)
			return
		}
	}
	writeJSON(w, http.StatusOK, mediaJSON, AuditAnswer{audit.Run(declared, options), read.Unread})
}

// known reads what the events say of declared forms.
func (a *API) known(ctx context.Context, declared audit.Declared) (audit.Source, error) {
	if err := a.wait(ctx, 0); err != nil {
		return nil, err
	}
	return yearend.Known(ctx, a.config.Forms, declared)
}

// auditError turns what is wrong with a document of declared forms into a
// refusal that names it.
func auditError(err error) error {
	if refusal := events.AsRefusal(err); refusal != nil {
		return refusal
	}
	return events.Refuse(CodeDeclaredInvalid, ReasonDeclaredInvalid, "", "problem", err.Error())
}
