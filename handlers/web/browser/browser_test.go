package browser_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/web/browser"
)

// notebook is a test that takes down failures instead of failing.
type notebook struct {
	testing.TB
	failures []string
}

func (n *notebook) Errorf(format string, args ...any) {
	n.failures = append(n.failures, fmt.Sprintf(format, args...))
}

func TestAxeFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		io.WriteString(w, `<!doctype html><html><head><title>x</title></head><body><main><h1>x</h1><font color="#bbbbbb">pale</font><input></main></body></html>`)
	}))
	t.Cleanup(server.Close)
	notes := &notebook{TB: t}
	tab := browser.Start(t).Tab(notes, browser.Look{Width: 800, Height: 600, Language: "en"})
	tab.Open(server.URL)
	tab.CheckAccessible()
	found := strings.Join(notes.failures, "\n")
	for _, rule := range []string{"color-contrast", "html-has-lang", "label"} {
		if !strings.Contains(found, "("+rule+")") {
			t.Errorf("axe did not report %s on a page that breaks it:\n%s", rule, found)
		}
	}
}
