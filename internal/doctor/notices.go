package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"cordon/internal/cloud"
	"cordon/internal/notify"
	"cordon/internal/permissions"
)

// checkTopic looks whether the topic is there, and whether anyone listens to it.
func checkTopic(ctx context.Context, p *patient) ([]Result, error) {
	if p.Config.Notify.SNS == nil {
		return nil, nil
	}
	topic := p.Config.Notify.SNS.Topic
	a, err := arn.Parse(topic)
	if err != nil {
		return nil, fmt.Errorf("read notify.sns.topic: %w", err)
	}
	out, err := sns.NewFromConfig(p.in(a.Region)).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &topic})
	switch {
	case cloud.Is(err, "NotFound", "NotFoundException"):
		return one(Result{
			Check: "notify.sns", Severity: Problem, Subject: topic, Found: "there is no such topic: nobody is told",
			Remedy: "make it: aws sns create-topic --name " + a.Resource + " --region " + a.Region + ", or set notify.sns.topic",
		})
	case err != nil:
		return []Result{p.unchecked("notify.sns", topic, err)}, nil
	}
	r := Result{Check: "notify.sns", Severity: OK, Subject: topic, Found: "the topic has " + count(number(out.Attributes["SubscriptionsConfirmed"]), "confirmed subscription")}
	if number(out.Attributes["SubscriptionsConfirmed"]) == 0 {
		r.Severity, r.Found = Warning, "nobody listens to the topic"
		r.Remedy = "aws sns subscribe --topic-arn " + topic + " --region " + a.Region + " --protocol email --notification-endpoint ADDRESS"
		if number(out.Attributes["SubscriptionsPending"]) > 0 {
			r.Found += ": a subscription waits to be confirmed"
			r.Remedy = "follow the link in the message that AWS sent to the subscriber"
		}
	}
	return one(r)
}

// number reads a count; what is none is 0.
func number(s string) (n int) {
	_, _ = fmt.Sscan(s, &n)
	return n
}

// checkSecrets looks whether the secrets that the configuration names are where it says. Their values are not read, and
// neither Slack nor Jira is asked.
func checkSecrets(ctx context.Context, p *patient) ([]Result, error) {
	refs := secretRefs(p.Config.Notify)
	var results []Result
	for _, name := range sortedKeys(refs) {
		results = append(results, p.secret(ctx, name, refs[name]))
	}
	return results, nil
}

func (p *patient) secret(ctx context.Context, setting string, ref notify.SecretRef) Result {
	r := Result{Check: "notify.secrets", Severity: OK, Subject: setting}
	if id := permissions.SecretARN(ref); id != "" {
		return p.managedSecret(ctx, r, id)
	}
	scheme, where, _ := strings.Cut(string(ref), ":")
	switch scheme {
	case "env":
		r.Found = "the environment variable " + where + " is set here"
		if _, set := p.LookupEnv(where); !set {
			r.Severity, r.Found = Warning, "the environment variable "+where+" is not set here"
			r.Remedy = "set it where Cordon runs"
		}
	case "file":
		r.Found = "the file " + where + " is here"
		if err := p.Stat(where); err != nil {
			r.Severity, r.Found, r.Remedy = Warning, "the file "+where+" cannot be read here: "+err.Error(), "make it where Cordon runs"
		}
	}
	return r
}

func (p *patient) managedSecret(ctx context.Context, r Result, id string) Result {
	a, err := arn.Parse(id)
	if err != nil {
		return p.unchecked(r.Check, r.Subject, err)
	}
	out, err := secretsmanager.NewFromConfig(p.in(a.Region)).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &id})
	switch {
	case cloud.Is(err, "ResourceNotFoundException"):
		r.Severity, r.Found, r.Remedy = Problem, "there is no secret "+id, "make it, or set "+r.Subject
	case err != nil:
		return p.unchecked(r.Check, r.Subject, err)
	case out.DeletedDate != nil:
		r.Severity, r.Found = Problem, fmt.Sprintf("the secret %s is to be deleted on %s and cannot be read", id, out.DeletedDate.Format("2006-01-02"))
		r.Remedy = "aws secretsmanager restore-secret --secret-id " + id + " --region " + a.Region
	default:
		r.Found = "the secret " + id + " is there"
	}
	return r
}

// checkHub looks whether Security Hub is on, where findings are to be updated in it.
func checkHub(ctx context.Context, p *patient) ([]Result, error) {
	if !p.Config.Notify.SecurityHub {
		return nil, nil
	}
	_, err := securityhub.NewFromConfig(p.cfg).DescribeHub(ctx, &securityhub.DescribeHubInput{})
	switch {
	case cloud.Is(err, "InvalidAccessException", "ResourceNotFoundException"):
		return one(Result{
			Check: "notify.securityhub", Severity: Problem, Found: "Security Hub is off in " + p.Region + ": its findings cannot be updated",
			Remedy: "aws securityhub enable-security-hub --region " + p.Region + ", or set notify.securityhub: false",
		})
	case err != nil:
		return nil, err
	}
	return one(Result{Check: "notify.securityhub", Severity: OK, Found: "Security Hub is on"})
}
