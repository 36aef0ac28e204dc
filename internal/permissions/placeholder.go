package permissions

// The placeholders of the policies. The deployments give them their values.
const (
	Partition      = "Partition"
	Account        = "Account"
	Region         = "Region"
	Name           = "Name" // of the deployment; its roles' names begin with it
	TableArn       = "TableArn"
	BucketArn      = "BucketArn"
	KeyArn         = "KeyArn"
	TopicArn       = "TopicArn"
	LogArn         = "LogArn" // of the function's log group, without ":*" at its end
	MemberRoleName = "MemberRoleName"
	RoleName       = "RoleName" // of the member's role itself

	SlackWebhookSecretArn = "SlackWebhookSecretArn"
	JiraTokenSecretArn    = "JiraTokenSecretArn"
)

// Parameters of the deployment that are on or off. MemberRoleName and the secrets' are on when they are not empty.
const (
	LiveResponse   = "LiveResponse"
	BlockRemoteIPs = "BlockRemoteIps" // the member's, too
	SecurityHub    = "SecurityHub"
)

// Placeholders lists the placeholders of a policy, in the order of their declaration.
func Placeholders(member bool) []string {
	if member {
		return []string{Partition, Account, RoleName}
	}
	return []string{
		Partition, Account, Region, Name, TableArn, BucketArn, KeyArn, TopicArn, LogArn, MemberRoleName,
		SlackWebhookSecretArn, JiraTokenSecretArn,
	}
}

// Switches lists the parameters of a policy that are on or off.
func Switches(member bool) []string {
	if member {
		return []string{BlockRemoteIPs}
	}
	return []string{LiveResponse, BlockRemoteIPs, SecurityHub}
}
