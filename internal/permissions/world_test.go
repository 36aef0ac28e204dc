package permissions_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
	"cordon/internal/permissions"
	"cordon/internal/vault"
)

// The deployment that the policies are for.
const (
	region     = awssim.DemoRegion
	home       = awssim.DefaultAccount
	elsewhere  = "444455556666"
	memberRole = "cordon-member"
	table      = "cordon"
	bucket     = "cordon-evidence-" + home
	keyARN     = "arn:aws:kms:" + region + ":" + home + ":key/0f1e2d3c-0000-4000-8000-000000000001"
	quarantine = "arn:aws:iam::" + home + ":instance-profile/cordon-quarantine"

	functionSession = "arn:aws:sts::" + home + ":assumed-role/cordon-function-us-east-1/cordon"
	memberSession   = "arn:aws:sts::" + elsewhere + ":assumed-role/" + memberRole + "/cordon"
)

// values are those of the placeholders; the secrets' end in what AWS adds to their names.
func values() map[string]string {
	arn := func(service, resource string) string {
		return "arn:aws:" + service + ":" + region + ":" + home + ":" + resource
	}
	return map[string]string{
		permissions.Partition: "aws", permissions.Account: home, permissions.Region: region, permissions.Name: "cordon",
		permissions.TableArn: arn("dynamodb", "table/"+table), permissions.BucketArn: "arn:aws:s3:::" + bucket,
		permissions.KeyArn: keyARN, permissions.TopicArn: arn("sns", "cordon"),
		permissions.LogArn:         arn("logs", "log-group:/aws/lambda/cordon"),
		permissions.MemberRoleName: memberRole, permissions.RoleName: memberRole,
		permissions.SlackWebhookSecretArn: arn("secretsmanager", "secret:slack-??????"),
		permissions.JiraTokenSecretArn:    arn("secretsmanager", "secret:jira-??????"),
	}
}

// parameters are all that a deployment can set.
func parameters() []string {
	return []string{
		permissions.LiveResponse, permissions.BlockRemoteIPs, permissions.SecurityHub, permissions.MemberRoleName, permissions.SlackWebhookSecretArn,
		permissions.JiraTokenSecretArn,
	}
}

// rules are the policies that a run is under.
type rules struct{ responder, member permissions.Policy }

func generated() rules {
	member := values()
	member[permissions.Account] = elsewhere
	return rules{permissions.Responder().On(parameters()...).Fill(values()), permissions.Member().Fill(member)}
}

// world is Cordon as it is deployed, on simulated accounts: the store in DynamoDB, evidence in S3, all notices, each of
// its calls under the policies. target is the account that findings are about: Cordon's own, or another.
type world struct {
	t      testing.TB
	owned  *awssim.Account
	target *awssim.Account
	conf   config.Config
	store  casefile.Store // read by the test, as nobody of Cordon's
	before map[string]any

	description string // of the findings

	responder, member awssim.Policies

	mu     sync.Mutex
	checks []awssim.Check // all that Cordon's calls asked
	denied []awssim.Check
	said   []string // what came of each answer and release, in words
	acts   int
}

// options are what a scenario changes in the world before Cordon comes into it.
type options struct {
	member bool // the target is in another account
	conf   func(*config.Config)
	edit   func(w *world, ed *awssim.Editor) error
	fault  func(awssim.Call) awssim.Fault
}

func newWorld(t testing.TB, r rules, o options) *world {
	t.Helper()
	w := &world{t: t}
	var err error
	if w.responder, err = awssim.ReadPolicies(string(r.responder.JSON())); err != nil {
		t.Fatal(err)
	}
	if w.member, err = awssim.ReadPolicies(string(r.member.JSON())); err != nil {
		t.Fatal(err)
	}
	w.owned = awssim.New(awssim.Options{Caller: functionSession, Authorize: w.decide(functionSession, &w.responder), Fault: o.fault})
	accounts := []*awssim.Account{w.owned}
	if w.target = w.owned; o.member {
		w.target = awssim.New(awssim.Options{AccountID: elsewhere, Authorize: w.decide(memberSession, &w.member), Fault: o.fault})
		accounts = append(accounts, w.target)
	}
	for _, a := range accounts {
		w.must(awssim.Demo(a))
	}
	if o.member {
		_, err := awssim.NewOrganization(accounts...)
		w.must(err)
		w.trust()
	}
	w.deploy(o.conf)
	if o.edit != nil {
		w.must(w.target.Edit(region, func(ed *awssim.Editor) error { return o.edit(w, ed) }))
	}
	w.before = w.target.Dump(awssim.DumpOptions{})
	return w
}

// decide writes down what one principal asks, and decides it; everyone else may do anything.
func (w *world) decide(principal string, p *awssim.Policies) awssim.Authorize {
	return func(c awssim.Check) bool {
		if c.Principal != principal {
			return true
		}
		ok := p.Allow(c)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.checks = append(w.checks, c); !ok {
			w.denied = append(w.denied, c)
		}
		return ok
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// asAdmin is a configuration of somebody else, who may do anything.
func asAdmin(a *awssim.Account) aws.Config {
	return a.ConfigAs(region, "arn:aws:iam::"+a.ID()+":user/admin")
}

// admin are somebody else's clients in the target's account.
func (w *world) admin() *cloud.Clients { return cloud.New(asAdmin(w.target), w.target.ID()) }

// deploy makes what the templates make, and the configuration that they give the function.
func (w *world) deploy(change func(*config.Config)) {
	w.t.Helper()
	ctx, cfg := w.t.Context(), asAdmin(w.owned)
	in := dynamodb.CreateTableInput(table)
	in.SSESpecification = &ddbtypes.SSESpecification{Enabled: aws.Bool(true), SSEType: ddbtypes.SSETypeKms, KMSMasterKeyId: aws.String(keyARN)}
	_, err := ddb.NewFromConfig(cfg).CreateTable(ctx, in)
	w.must(err)
	topic, err := sns.NewFromConfig(cfg).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("cordon"), Attributes: map[string]string{"KmsMasterKeyId": keyARN}})
	w.must(err)
	secrets := map[string]notify.SecretRef{}
	for name, value := range map[string]string{"slack": "https://hooks.slack.com/services/T0/B0/x", "jira": "token"} {
		out, err := secretsmanager.NewFromConfig(cfg).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: &value})
		w.must(err)
		secrets[name] = notify.SecretRef("secretsmanager:" + *out.ARN)
	}
	w.must(w.owned.Edit(region, func(ed *awssim.Editor) error {
		ed.SecurityHub()
		return ed.EncryptBucket(bucket, keyARN)
	}))
	w.conf = config.Default("/")
	w.conf.Notify = notify.Config{
		SNS: &notify.SNSConfig{Topic: *topic.TopicArn}, Slack: &notify.SlackConfig{Webhook: secrets["slack"]}, SecurityHub: true,
		Jira: &notify.JiraConfig{URL: "https://example.atlassian.net", Project: "SEC", User: "bot@example.com", Token: secrets["jira"]},
	}
	if change != nil {
		change(&w.conf)
	}
	w.store, err = dynamodb.Open(ddb.NewFromConfig(cfg), table, dynamodb.NewOverflow(s3.NewFromConfig(cfg), bucket, "cordon", ""))
	w.must(err)
}

// engine is Cordon, new at each call as a new invocation of the function is.
func (w *world) engine() *engine.Engine {
	w.t.Helper()
	cfg := w.owned.Config(region)
	clients := s3.NewFromConfig(cfg)
	store, err := dynamodb.Open(ddb.NewFromConfig(cfg), table, dynamodb.NewOverflow(clients, bucket, "cordon", ""))
	w.must(err)
	evidence, err := vault.OpenS3(clients, bucket, "cordon", home)
	w.must(err)
	channels, err := notify.New(w.conf.Notify, notify.Deps{AWS: cfg, Transport: web{}})
	w.must(err)
	return engine.New(engine.Options{
		Actions: actions.Catalog(), Store: store, Vault: evidence, Config: w.conf, Channels: channels, Owner: "function", Recheck: true,
		Clients: cloud.NewAccounts(cfg, home, cloud.Member{Role: memberRole}).Clients,
		Archive: func(ctx context.Context, f finding.Finding) error {
			return notify.Archive(ctx, guardduty.NewFromConfig(cfg), f.DetectorID, f.ID)
		},
	})
}

// web is Slack and Jira: each takes what it gets.
type web struct{}

func (web) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{}`
	switch {
	case strings.HasSuffix(r.URL.Host, "slack.com"):
		body = "ok"
	case strings.HasSuffix(r.URL.Path, "/issue"):
		body = `{"id":"1","key":"SEC-1"}`
	case strings.HasSuffix(r.URL.Path, "/comment"):
		body = `{"id":"10"}`
	case strings.Contains(r.URL.Path, "/search"):
		body = `{"issues":[]}`
	case strings.HasSuffix(r.URL.Path, "/transitions") && r.Method == http.MethodGet:
		body = `{"transitions":[{"id":"31","name":"Done","to":{"statusCategory":{"key":"done"}}}]}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// find decodes a finding about a resource of the target's account, given as JSON.
func (w *world) find(resource string, count int) finding.Finding {
	w.t.Helper()
	kind := "UnauthorizedAccess:IAMUser/MaliciousIPCaller"
	switch {
	case strings.Contains(resource, "S3Bucket"):
		kind = "Exfiltration:S3/AnomalousBehavior"
	case strings.Contains(resource, "instanceDetails"):
		kind = "Backdoor:EC2/C&CActivity.B"
	}
	const detector = "d4b040365221be2b54a6264dc0de0001"
	findings, err := finding.Decode(strings.NewReader(fmt.Sprintf(
		`{"schemaVersion":"2.0","id":"f1","accountId":%q,"region":%q,"partition":"aws","arn":"arn:aws:guardduty:%s:%s:detector/%s/finding/f1",
		"type":%q,"description":%q,"severity":8,"service":{"detectorId":%q,"count":%d,"eventLastSeen":%q,"action":{"actionType":"NETWORK_CONNECTION",
		"networkConnectionAction":{"remoteIpDetails":{"ipAddressV4":"198.51.100.23"}}}},"resource":%s}`,
		w.target.ID(), region, region, home, detector, kind, w.description, detector, count, time.Now().UTC().Format(time.RFC3339), resource)))
	if err != nil || len(findings) != 1 {
		w.t.Fatalf("%d findings, %v", len(findings), err)
	}
	return findings[0]
}

func instance(id string) string {
	return fmt.Sprintf(`{"resourceType":"Instance","instanceDetails":{"instanceId":%q}}`, id)
}

func identity(userType, name, principal, key string) string {
	return fmt.Sprintf(`{"resourceType":"AccessKey","accessKeyDetails":{"userType":%q,"userName":%q,"principalId":%q,"accessKeyId":%q}}`, userType, name, principal, key)
}

func bucketResource(name string) string {
	return fmt.Sprintf(`{"resourceType":"S3Bucket","s3BucketDetails":[{"name":%q,"arn":"arn:aws:s3:::%s","type":"Destination"}]}`, name, name)
}

// respond answers a finding and looks at what came of it. It gives the case's id, "" for none.
func (w *world) respond(f finding.Finding) string {
	w.t.Helper()
	id := ""
	for _, r := range w.engine().Respond(w.t.Context(), []finding.Finding{f}) {
		if id = r.Case.ID; r.Err != nil {
			w.say("respond", "error: "+r.Err.Error())
		}
	}
	w.look("respond")
	return id
}

// release puts back, and looks at what came of it.
func (w *world) release(id string, o engine.ReleaseOptions) {
	w.t.Helper()
	if id == "" {
		return
	}
	if _, err := w.engine().Release(w.t.Context(), id, o); err != nil {
		w.say("release", "error: "+err.Error())
	}
	w.look("release")
}

// trust makes the role that Cordon assumes in the target's account.
func (w *world) trust() {
	w.t.Helper()
	_, err := w.admin().IAM.CreateRole(w.t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String(memberRole), AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + home + `:root"},"Action":"sts:AssumeRole"}]}`),
	})
	w.must(err)
}
