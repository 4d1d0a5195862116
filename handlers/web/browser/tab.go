package browser

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// stepTimeout bounds each thing that a tab is asked to do.
const stepTimeout = 30 * time.Second

// Look is how a tab looks at pages.
type Look struct {
	Width, Height int64
	// Language is what the browser accepts, such as "zh-CN".
	Language string
	Dark     bool
	NoScript bool
	// Phone makes it a touch screen with two pixels to the point.
	Phone bool
}

// Tab is one page of a browser, alone in its context.
type Tab struct {
	t       testing.TB
	browser *Browser
	ctx     context.Context
}

// Tab opens a tab until the test ends.
func (b *Browser) Tab(t testing.TB, look Look) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	tab := &Tab{t: t, browser: b, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // the tab lives as long as the first context that runs it
		t.Fatalf("open a tab: %v", err)
	}
	run(tab, "set the look", look.apply)
	return tab
}

// apply sets a fresh tab up.
func (look Look) apply(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
	scheme, scale := "light", 1.0
	if look.Dark {
		scheme = "dark"
	}
	if look.Phone {
		scale = 2
	}
	_, err := cdp.Call(ctx, target, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: look.Width, Height: look.Height, DeviceScaleFactor: scale, Mobile: look.Phone,
	})
	if err != nil {
		return chromedp.Void{}, err
	}
	_, err = cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
	if err != nil {
		return chromedp.Void{}, err
	}
	_, err = cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: look.NoScript})
	if err != nil {
		return chromedp.Void{}, err
	}
	_, err = cdp.Call(ctx, target, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"Accept-Language": look.Language},
	})
	return chromedp.Void{}, err
}

// run does one step, and fails the test with what was being done.
func run[T any](tab *Tab, what string, step chromedp.Action[T]) T {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, stepTimeout)
	defer cancel()
	value, err := chromedp.Run(ctx, step)
	if err != nil {
		tab.t.Fatalf("%s: %v", what, err)
	}
	return value
}

// Open goes to an address, waits until the page is loaded and returns the
// answer's HTTP status.
func (tab *Tab) Open(address string) int {
	tab.t.Helper()
	return int(run(tab, "open "+address, chromedp.NavigateResponse(address)).Status)
}

// Click clicks the first element of a selector and waits for the page that it
// leads to.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, stepTimeout)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)); err != nil {
		tab.t.Fatalf("click %s: %v", selector, err)
	}
}

// Press clicks an element and stays on the page.
func (tab *Tab) Press(selector string) {
	tab.t.Helper()
	run(tab, "press "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Fill types into a field.
func (tab *Tab) Fill(selector, text string) {
	tab.t.Helper()
	run(tab, "fill "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Upload chooses a file for a field.
func (tab *Tab) Upload(selector, file string) {
	tab.t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		tab.t.Fatal(err)
	}
	run(tab, "choose "+file, chromedp.SetUploadFiles(chromedp.CSS(selector), []string{path}))
}

// Wait waits until an expression is true in the tab's page.
func (tab *Tab) Wait(expression string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, stepTimeout)
	defer cancel()
	for {
		// A page that is being left answers with an error: it is not there yet.
		met, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")", chromedp.EvalAwaitPromise))
		switch {
		case err == nil && met:
			return
		case ctx.Err() != nil:
			tab.t.Fatalf("%s did not become true: %v", expression, err)
		}
		time.Sleep(pollEvery)
	}
}

// pollEvery is how often [Tab.Wait] looks.
const pollEvery = 20 * time.Millisecond

// Text is the visible text of the first element of a selector.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return strings.TrimSpace(run(tab, "read "+selector, chromedp.Text(chromedp.CSS(selector))))
}

// Address is where the tab is.
func (tab *Tab) Address() string {
	tab.t.Helper()
	return run(tab, "read the address", chromedp.Location())
}

// Evaluate returns the value of an expression in the tab's page, or of the
// promise that it is. The page's own policy about scripts does not hold for it.
func Evaluate[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	return run(tab, "evaluate "+expression, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// axeRun asks axe for everything that it knows, and returns what failed as
// JSON.
const axeRun = `axe.run(document, {resultTypes: ["violations"]}).then(found => JSON.stringify(found.violations.map(v => ({
	id: v.id, help: v.help, nodes: v.nodes.map(n => n.target.join(" ") + ": " + n.failureSummary)
}))))`

// CheckAccessible fails the test with everything that axe-core finds.
func (tab *Tab) CheckAccessible() {
	tab.t.Helper()
	run(tab, "load axe", chromedp.Evaluate[bool](tab.browser.axe+"; true"))
	found := run(tab, "run axe", chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
	var violations []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		tab.t.Fatalf("axe answered %q: %v", found, err)
	}
	for _, v := range violations {
		tab.t.Errorf("%s: %s (%s)\n  %s", tab.Address(), v.Help, v.ID, strings.Join(v.Nodes, "\n  "))
	}
}

// fullQuality makes the whole-page picture a PNG.
const fullQuality = 100

// Screenshot keeps a picture of the whole page as name.png in the artifacts
// folder and returns its path.
func (tab *Tab) Screenshot(name string) string {
	tab.t.Helper()
	return tab.keep(name+".png", run(tab, "take a picture", chromedp.FullScreenshot(fullQuality)))
}

// View keeps a picture of what the tab shows without scrolling.
func (tab *Tab) View(name string) string {
	tab.t.Helper()
	return tab.keep(name+".png", run(tab, "take a picture", chromedp.CaptureScreenshot()))
}

// PDF keeps the page as printed, on the paper that its style asks for, as
// name.pdf in the artifacts folder and returns its path.
func (tab *Tab) PDF(name string) string {
	tab.t.Helper()
	return tab.keep(name+".pdf", run(tab, "print", chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize(), chromedp.PDFPrintBackground())))
}

func (tab *Tab) keep(name string, content []byte) string {
	tab.t.Helper()
	path := filepath.Join(tab.browser.artifacts, name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		tab.t.Fatalf("keep an artefact: %v", err)
	}
	return path
}
