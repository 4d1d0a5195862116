package oidc_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"
)

// What the provider knows of Outturn.
const (
	clientID     = "outturn"
	clientSecret = "the-client's-secret"
)

// provider is an OpenID provider: discovery, keys, authorization code flow with
// PKCE, ID tokens by RS256. It is written from the specifications and shares no
// code with the client. It asks for no password: user is who is signed in there.
type provider struct {
	*testing.T
	server   *httptest.Server
	key      *rsa.PrivateKey
	redirect string // the client's redirect URL, as registered

	mu     sync.Mutex
	user   string
	deny   string                         // the error that the provider answers with instead of a code
	change func(map[string]any)           // of the claims, before they are signed
	sign   func(head, body string) string // in place of the right signature
	codes  map[string]url.Values          // what each code was asked with
}

// The key of every provider, and one that none of them has. To make one takes
// long.
var (
	ownKey      = sync.OnceValues(newKey)
	strangerKey = sync.OnceValues(newKey)
)

func newKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ownKey()
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{T: t, key: key, user: "desk", codes: make(map[string]url.Values)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func (p *provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.answer(w, http.StatusOK, map[string]any{
		"issuer": p.server.URL, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token",
		"jwks_uri": p.server.URL + "/keys", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
	})
}

func (p *provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1",
		"n": encode(p.key.N.Bytes()), "e": encode(big.NewInt(int64(p.key.E)).Bytes()),
	}}})
}

// authorize sends the browser back with a code (RFC 6749, section 4.1.2). Who asks
// without PKCE gets none (RFC 7636, section 4.4.1).
func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := r.URL.Query()
	if asked.Get("client_id") != clientID || asked.Get("redirect_uri") != p.redirect {
		http.Error(w, "unknown client or redirect URL", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {asked.Get("state")}}
	switch {
	case p.deny != "":
		back.Set("error", p.deny)
	case asked.Get("response_type") != "code", asked.Get("code_challenge_method") != "S256", len(asked.Get("code_challenge")) != 43, asked.Get("nonce") == "":
		back.Set("error", "invalid_request")
	case asked.Get("scope") != "openid profile":
		back.Set("error", "invalid_scope")
	default:
		code := "code-" + strconv.Itoa(len(p.codes))
		p.codes[code] = asked
		back.Set("code", code)
	}
	http.Redirect(w, r, p.redirect+"?"+back.Encode(), http.StatusFound)
}

// token changes a code for an ID token, once, for whoever has the verifier.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	asked, known := p.codes[r.PostFormValue("code")]
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != clientID || secret != url.QueryEscape(clientSecret):
		p.answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
	case !known || asked == nil || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != p.redirect ||
		encode(challenge[:]) != asked.Get("code_challenge"):
		p.answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
	default:
		p.codes[r.PostFormValue("code")] = nil
		p.answer(w, http.StatusOK, map[string]any{"access_token": "unused", "token_type": "Bearer", "expires_in": 60, "id_token": p.idToken(asked.Get("nonce"))})
	}
}

func (p *provider) idToken(nonce string) string {
	claims := map[string]any{
		"iss": p.server.URL, "aud": clientID, "sub": "4711", "preferred_username": p.user, "nonce": nonce,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
	}
	if p.change != nil {
		p.change(claims)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		p.Error(err)
	}
	head := encode([]byte(`{"alg":"RS256","kid":"1","typ":"JWT"}`))
	if p.sign != nil {
		return p.sign(head, encode(body))
	}
	return p.signed(p.key, head+"."+encode(body))
}

// signed adds a signature (RFC 7515).
func (p *provider) signed(key *rsa.PrivateKey, text string) string {
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		p.Error(err)
	}
	return text + "." + encode(signature)
}

func (p *provider) answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		p.Error(err)
	}
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
