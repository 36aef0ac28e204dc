package workload

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Fill is a proxy before moto that answers what moto lacks: the filter iam-instance-profile.arn of DescribeInstances, at
// which it breaks. Every running instance of this account has the profile, so the filter is left out. The operations of
// EC2 that deny names are refused as AWS refuses what no policy allows. DynamoDB's calls go one at a time: moto takes a
// transaction back by putting the whole table back as it was, and with it loses what others wrote meanwhile.
func Fill(t testing.TB, endpoint string, deny ...string) string {
	t.Helper()
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	var dynamo sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "DynamoDB_") {
			dynamo.Lock()
			defer dynamo.Unlock()
		}
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			form, err := url.ParseQuery(string(body))
			if err != nil {
				t.Error(err)
			}
			if slices.Contains(deny, form.Get("Action")) {
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation.</Message></Error></Errors><RequestID>r</RequestID></Response>`)
				return
			}
			if form.Get("Filter.1.Name") == "iam-instance-profile.arn" {
				form.Set("Filter.1.Name", "instance-state-name")
				form.Set("Filter.1.Value.1", "running")
				body = []byte(form.Encode())
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
