package web_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/outturn/outturn/events"
	"github.com/outturn/outturn/handlers/intake"
	"github.com/outturn/outturn/handlers/web/browser"
)

// TestOfficeInTheBrowser shares one browser; each part has tabs of its own.
func TestOfficeInTheBrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	t.Run("every page is accessible in every look", func(t *testing.T) { t.Parallel(); officeLooks(t, b) })
}

// officePages are the pages of an office that has something of everything.
func officePages(p events.ProposalID, done string) []struct{ name, path string } {
	return []struct{ name, path string }{
		{"import", "/import"}, {"approvals", "/approvals"}, {"approval", "/approvals/" + string(p)}, {"decline", "/approvals/" + string(p) + "/decline"},
		{"decided", done}, {"close", "/close?year=2023"}, {"close-month", "/close/YYGX?year=2023&act=month&month=4"},
		{"close-year", "/close/YYGX?year=2023&act=year"}, {"controls", "/controls"}, {"control", "/controls/control?unit=YYGX&control=soft"},
		{"override", "/controls/override"}, {"review", "/controls/review?unit=YYGX&review=big"}, {"people", "/people"}, {"person", "/people/clerk"},
		{"register", "/register"}, {"grant", "/people/clerk/grant"}, {"token", "/people/clerk/token"}, {"signins", "/signins"},
		{"control-remove", "/controls/control/remove?unit=YYGX&control=soft"},
	}
}

func officeLooks(t *testing.T, b *browser.Browser) {
	w := newWorld(t).rules()
	first := w.propose("150000.00")
	w.post(user("chief"), `proposal.declined yueyang-2023-04-a {"about":"line","proposal":"`+string(first)+`","reason":"凭证不全，请补附合同"}`)
	made := w.recorder.Position() - 1
	second := w.propose("160000.00")
	url := w.as(operator)
	for name, look := range map[string]browser.Look{
		"zh-light": {Width: 1400, Height: 1000, Language: "zh-CN"},
		"en-dark":  {Width: 1400, Height: 1000, Language: "en", Dark: true},
		"zh-phone": {Width: 390, Height: 844, Language: "zh-CN", Phone: true},
	} {
		tab := b.Tab(t, look)
		for _, page := range officePages(second, fmt.Sprintf("/approvals/%s?made=%d", first, made)) {
			if status := tab.Open(url + page.path); status != http.StatusOK {
				t.Errorf("%s answers %d", page.path, status)
			}
			if wide := browser.Evaluate[int](tab, "document.documentElement.scrollWidth"); wide > int(look.Width) {
				t.Errorf("%s is %d wide", page.path, wide)
			}
			tab.Screenshot("office-" + page.name + "-" + name)
			tab.CheckAccessible()
		}
	}
}

var _ = []any{bytes.NewReader, cmp.Or[int], csv.NewReader, html.EscapeString, multipart.NewWriter, url.Parse, os.Stat, filepath.Join, regexp.MustCompile, strings.Contains, intake.CSV}
