package notify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
)

func TestSecretPlaces(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(file, []byte(plantedToken+"\r\n"), 0o600))
	d := Deps{
		Getenv: environment(map[string]string{"TOKEN": plantedToken, "EMPTY": " "}),
		AWS: fakeAWS(func(ctx context.Context, input any) (any, error) {
			in := input.(*secretsmanager.GetSecretValueInput)
			if region := awsmiddleware.GetRegion(ctx); *in.SecretId != secretARN || region != "eu-west-1" {
				return nil, fmt.Errorf("asked for %s in %s", *in.SecretId, region)
			}
			return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(`{"token":"` + plantedToken + `","n":1}`)}, nil
		}),
	}.orDefaults()
	for ref, word := range map[SecretRef]string{
		"env:TOKEN":                              "",
		SecretRef("file:" + file):                "",
		"secretsmanager:" + secretARN + "#token": "",
		"env:NONE":                               "NONE is not set",
		"env:EMPTY":                              "one line that is not empty",
		SecretRef("file:" + file + ".none"):      "no such file",
		"secretsmanager:" + secretARN + "#nope":  "no text under the key nope",
		"secretsmanager:" + secretARN + "#n":     "no text under the key n",
	} {
		t.Run(string(ref), func(t *testing.T) {
			got, err := newSecret("notify.jira.token", ref, d).get(t.Context())
			if word == "" {
				if err != nil || got != plantedToken {
					t.Errorf("%q, %v", got, err)
				}
				return
			}
			wantFinal(t, err, "notify.jira.token", word)
		})
	}
}

func TestSecretWhole(t *testing.T) {
	d := Deps{AWS: fakeAWS(func(context.Context, any) (any, error) {
		return &secretsmanager.GetSecretValueOutput{SecretBinary: []byte(plantedToken)}, nil
	})}.orDefaults()
	got, err := newSecret("k", "secretsmanager:"+secretARN, d).get(t.Context())
	if err != nil || got != plantedToken {
		t.Errorf("%q, %v", got, err)
	}
	_, err = newSecret("k", "secretsmanager:"+secretARN+"#token", d).get(t.Context())
	wantFinal(t, err, "no JSON object")
}

func TestSecretErrors(t *testing.T) {
	for code, word := range map[string]string{
		"ResourceNotFoundException": "mend the reference",
		"AccessDeniedException":     "secretsmanager:GetSecretValue",
		"DecryptionFailure":         "kms:Decrypt",
		"ExpiredTokenException":     "credentials",
		"ThrottlingException":       "",
	} {
		d := Deps{AWS: fakeAWS(func(context.Context, any) (any, error) { return nil, &smithy.GenericAPIError{Code: code} })}.orDefaults()
		_, err := newSecret("notify.jira.token", "secretsmanager:"+secretARN, d).get(t.Context())
		if word == "" {
			wantRetry(t, err)
			continue
		}
		wantFinal(t, err, code, word)
	}
}

// The value is read at first use, once, and again after it was refused.
func TestSecretIsKept(t *testing.T) {
	calls := 0
	d := Deps{Getenv: func(string) (string, bool) {
		calls++
		return plantedToken, true
	}}.orDefaults()
	s := newSecret("k", "env:TOKEN", d)
	for range 3 {
		_, err := s.get(t.Context())
		must(t, err)
	}
	if calls != 1 {
		t.Errorf("read %d times", calls)
	}
	s.forget()
	_, err := s.get(t.Context())
	must(t, err)
	if calls != 2 {
		t.Errorf("read %d times", calls)
	}
}
