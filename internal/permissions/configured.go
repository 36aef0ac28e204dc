package permissions

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"cordon/internal/casefile/dynamodb"
	"cordon/internal/config"
	"cordon/internal/notify"
)

// Configured is the responder's policy as far as a configuration uses it: without live response, notices, table, bucket or
// member accounts where it has none. known are values of placeholders, which count before the configuration's own. What
// only a deployment knows stays a placeholder unless it is known: Name, KeyArn, LogArn.
func Configured(c config.Config, known map[string]string) Policy {
	values := map[string]string{
		TableArn: "", BucketArn: "", TopicArn: "", MemberRoleName: c.Accounts.Role, SlackWebhookSecretArn: "", JiraTokenSecretArn: "",
	}
	parameters := []string{MemberRoleName, SlackWebhookSecretArn, JiraTokenSecretArn} // those without a value leave by it
	p := Responder()
	if table, ok := strings.CutPrefix(c.Store, dynamodb.Scheme); ok {
		values[TableArn] = "arn:${Partition}:dynamodb:${Region}:${Account}:table/" + table
	}
	if bucket, prefix := EvidenceBucket(c.Vault); bucket != "" {
		values[BucketArn] = "arn:${Partition}:s3:::" + bucket
		p = p.under(prefix)
	}
	if c.Notify.SNS != nil {
		values[TopicArn] = c.Notify.SNS.Topic
	}
	if c.Notify.Slack != nil {
		values[SlackWebhookSecretArn] = SecretARN(c.Notify.Slack.Webhook)
	}
	if c.Notify.Jira != nil {
		values[JiraTokenSecretArn] = SecretARN(c.Notify.Jira.Token)
	}
	if c.EC2.LiveResponse.Channel != "" {
		parameters = append(parameters, LiveResponse)
	}
	if c.EC2.BlockRemoteIPs {
		parameters = append(parameters, BlockRemoteIPs)
	}
	if c.Notify.SecurityHub {
		parameters = append(parameters, SecurityHub)
	}
	for name := range known {
		delete(values, name)
	}
	return p.On(parameters...).Fill(values).Fill(known)
}

// under gives the policy for evidence under another prefix of its bucket, which ends in "/" unless it is empty.
func (p Policy) under(prefix string) Policy {
	return p.rewrite(func(w string) string {
		if w == evidencePrefix+"*" { // of the condition
			return prefix + "*"
		}
		return strings.Replace(w, "${BucketArn}/"+evidencePrefix, "${BucketArn}/"+prefix, 1)
	})
}

// EvidenceBucket is the bucket of a vault and the prefix of its keys, which ends in "/" where there is one; "" for a
// vault that is a directory.
func EvidenceBucket(vault string) (bucket, prefix string) {
	u, err := url.Parse(vault)
	if err != nil || !strings.EqualFold(u.Scheme, "s3") {
		return "", ""
	}
	if prefix = strings.Trim(u.Path, "/"); prefix != "" {
		prefix += "/"
	}
	return u.Host, prefix
}

// SecretARN is the ARN in a reference to Secrets Manager, "" for another reference.
func SecretARN(ref notify.SecretRef) string {
	id, ok := strings.CutPrefix(string(ref), "secretsmanager:")
	id, _, _ = strings.Cut(id, "#")
	if !ok || !arn.IsARN(id) {
		return ""
	}
	return id
}
