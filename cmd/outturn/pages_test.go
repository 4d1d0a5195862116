package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/outturn/outturn/handlers/web/browser"
)

// TestFromTheYearToOnePayment goes the way that a reader goes, in a real browser
// on the real server: the year's table, the number of a project, one payment
// under it; and once the same day in English on a telephone.
func TestFromTheYearToOnePayment(t *testing.T) {
	t.Parallel()
	server := startDev(t, t.TempDir())
	b := browser.Start(t)

	tab := b.Tab(t, browser.Look{Width: 1400, Height: 1000})
	wantStatus(t, tab.Open(server.Address+"/?year=2023&as_of=2023-10-31&lang=zh-CN"))
	tab.CheckAccessible()
	tab.Screenshot("real-overview")
	first := tab.Text("tbody tr:not(.total) th")
	if !strings.Contains(first, "九大重点产业链高质量发展赋能培训班") {
		t.Errorf("the first row on 2023-10-31 is %q; training is furthest behind", first)
	}
	tab.Click(`tbody tr:not(.total) td a[href*="figure=executed"]`)
	if !strings.Contains(tab.Address(), "/postings") {
		t.Fatalf("the number leads to %s", tab.Address())
	}
	if text := tab.Text("main"); !strings.Contains(text, "34.28") {
		t.Errorf("the postings do not show their sum 34.28:\n%s", text)
	}
	tab.Screenshot("real-postings")
	tab.Click(`tbody a[href*="/events/"]`)
	if text := tab.Text("main"); !strings.Contains(text, "paid-yueyang-2023-04-a-10") || !strings.Contains(text, "illustrative") {
		t.Errorf("the newest payment until October is not shown:\n%s", text)
	}
	tab.CheckAccessible()
	tab.Screenshot("real-event")

	phone := b.Tab(t, browser.Look{Width: 390, Height: 844, Phone: true, Dark: true})
	wantStatus(t, phone.Open(server.Address+"/?year=2023&lang=en"))
	if text := phone.Text("main"); !strings.Contains(text, "3,371.59") || !strings.Contains(text, "51.43%") {
		t.Errorf("the year in English misses its figures:\n%s", text)
	}
	phone.CheckAccessible()
	phone.Screenshot("real-overview-phone")
}

func wantStatus(t *testing.T, status int) {
	t.Helper()
	if status != http.StatusOK {
		t.Fatalf("the page answers %d", status)
	}
}
