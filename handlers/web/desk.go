package web

import "net/http"

// deskRoutes are the pages on which payments, transfers and commitments are
// posted. Those who have no role of posting get none of them.
func (s *server) deskRoutes(mux *http.ServeMux) {
	if s.Desk == nil {
		return
	}
	mux.Handle("GET "+deskPath, s.page(s.deskLines))
	mux.Handle("GET "+minePath, s.page(s.mine))
	mux.Handle("GET "+commitmentsPath, s.page(s.commitments))
	for _, a := range acts() {
		if a.path != budgetPath {
			s.actRoutes(mux, a.path, func(*visit) (act, bool) { return a, true })
		}
	}
	s.actRoutes(mux, budgetPath, chosenAct)
}
