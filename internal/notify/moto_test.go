package notify

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"cordon/internal/mototest"
)

// Somebody else's reading of SNS and Secrets Manager takes what we send, and names its errors as we expect.
func TestMoto(t *testing.T) {
	cfg := mototest.Start(t)
	client := sns.NewFromConfig(cfg)
	for name, attributes := range map[string]map[string]string{
		"alarm": nil, "alarm.fifo": {"FifoTopic": "true", "ContentBasedDeduplication": "false"},
	} {
		topic, err := client.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &name, Attributes: attributes})
		must(t, err)
		c := one(t, Config{SNS: &SNSConfig{Topic: *topic.TopicArn}}, Deps{AWS: cfg})
		for kind, n := range map[string]Notice{"calm": calm(), "nasty": nasty()} {
			if ref, err := c.Deliver(t.Context(), n, false); err != nil || ref == "" {
				t.Errorf("%s to %s: %q, %v", kind, name, ref, err)
			}
		}
	}
	_, err := one(t, Config{SNS: &SNSConfig{Topic: "arn:aws:sns:us-east-1:" + mototest.Account + ":none"}}, Deps{AWS: cfg}).Deliver(t.Context(), calm(), false)
	wantFinal(t, err, "no such topic")

	made, err := secretsmanager.NewFromConfig(cfg).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("cordon/jira"), SecretString: aws.String(`{"token":"` + plantedToken + `"}`),
	})
	must(t, err)
	d := Deps{AWS: cfg}.orDefaults()
	ref := SecretRef("secretsmanager:" + *made.ARN + "#token")
	must(t, ref.check("k"))
	if got, err := newSecret("k", ref, d).get(t.Context()); err != nil || got != plantedToken {
		t.Errorf("%q, %v", got, err)
	}
	_, err = newSecret("k", "secretsmanager:arn:aws:secretsmanager:us-east-1:"+mototest.Account+":secret:none-AbCdEf", d).get(t.Context())
	wantFinal(t, err, "there is no secret")
}
