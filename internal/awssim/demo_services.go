package awssim

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// demoAge is how long what Demo makes has been there.
const demoAge = 90 * 24 * time.Hour

func demoTime() time.Time { return time.Now().UTC().Add(-demoAge).Truncate(time.Second) }

// demoIAM makes the demo's roles, instance profiles and user, and two roles that only AWS may change.
func demoIAM(s *state) {
	now := demoTime()
	for _, name := range []string{"web-app", "batch"} {
		s.addRole(now, "/", name+"-role", serviceTrust("ec2.amazonaws.com"))
		s.addProfile(now, "/", name, name+"-role")
	}
	s.addRole(now, "/", "cordon-quarantine", serviceTrust("ec2.amazonaws.com"))
	s.addProfile(now, "/", "cordon-quarantine", "cordon-quarantine")
	managed := "arn:" + s.Partition + ":iam::aws:policy/AmazonSSMManagedInstanceCore"
	for _, name := range []string{"web-app-role", "batch-role", "cordon-quarantine"} {
		s.IAM.Now.Roles[name].Attached = []string{managed}
	}
	s.IAM.Now.Roles["web-app-role"].Inline["app"] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::cordon-demo-customer-data/*"}]}`
	s.addRole(now, "/aws-service-role/autoscaling.amazonaws.com/", "AWSServiceRoleForAutoScaling", serviceTrust("autoscaling.amazonaws.com"))
	s.addRole(now, "/aws-reserved/sso.amazonaws.com/", "AWSReservedSSO_AdministratorAccess_0123456789abcdef",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::`+s.Account+`:saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"},"Action":["sts:AssumeRoleWithSAML","sts:TagSession"]}]}`)

	u := s.addUser(now, "/", "deploy-bot")
	u.User.UserId = aws.String("AIDACKCEVSQ6C2EXAMPLE")
	u.Inline["deploy"] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:PutObject","autoscaling:UpdateAutoScalingGroup"],"Resource":"*"}]}`
	u.addKey(now, "AKIAIOSFODNN7EXAMPLE")
	s.IAM.Now.Roles["web-app-role"].Role.RoleId = aws.String("AROADBQP57FF2AEXAMPLE")
}

// demoResponder makes the role that the demo's caller is a session of.
func demoResponder(s *state) {
	r := s.addRole(demoTime(), "/", "cordon", serviceTrust("lambda.amazonaws.com"))
	r.Attached = []string{"arn:" + s.Partition + ":iam::aws:policy/AdministratorAccess"}
}

// demoBalancers puts an application load balancer and a classic one before the web servers, and registers their
// metrics ports by address.
func demoBalancers(s *state) {
	r, now := s.region(DemoRegion), demoTime()
	alb := s.addBalancer(r, "web", demoVPC, elbv2types.LoadBalancerTypeEnumApplication)
	alb.Balancer.CreatedTime = &now
	alb.Balancer.AvailabilityZones = []elbv2types.AvailabilityZone{{ZoneName: aws.String(DemoRegion + "a"), SubnetId: aws.String(demoPublic)}}
	alb.Balancer.SecurityGroups = []string{demoWeb}

	web := s.addTargetGroup(r, "web-tg", demoVPC, elbv2types.TargetTypeEnumInstance, elbv2types.ProtocolEnumHttp, 80)
	web.add("i-0a1b2c3d4e5f60001", 80, now)
	web.add("i-0a1b2c3d4e5f60011", 80, now)
	metrics := s.addTargetGroup(r, "metrics-tg", demoVPC, elbv2types.TargetTypeEnumIp, elbv2types.ProtocolEnumHttp, 9090)
	for _, ip := range []string{"10.20.1.10", "10.20.1.11"} {
		metrics.add(ip, 9090, now).Zone = DemoRegion + "a"
	}
	for _, g := range []*targetGroup{web, metrics} {
		s.addListener(&r.ELBV2, *alb.Balancer.LoadBalancerArn, elbv2types.ProtocolEnumHttp, *g.Group.Port,
			[]elbv2types.Action{{Type: elbv2types.ActionTypeEnumForward, TargetGroupArn: aws.String(*g.Group.TargetGroupArn)}})
	}

	classic := s.addClassic(r, "web-classic", []elbtypes.Listener{{
		Protocol: aws.String("HTTP"), LoadBalancerPort: 80, InstanceProtocol: aws.String("HTTP"), InstancePort: aws.Int32(80),
	}})
	classic.Desc.VPCId, classic.Desc.Subnets, classic.Desc.CreatedTime = aws.String(demoVPC), []string{demoPublic}, &now
	classic.Desc.AvailabilityZones = []string{DemoRegion + "a"}
	classic.add("i-0a1b2c3d4e5f60001")
	classic.add("i-0a1b2c3d4e5f60011")
}

// demoScaling makes web-asg of web-1 and web-2; it goes by its load balancers' health checks.
func demoScaling(s *state) {
	r, now := s.region(DemoRegion), demoTime()
	const config = "web-asg-config"
	r.Scaling.Configs[config] = &astypes.LaunchConfiguration{
		LaunchConfigurationName: aws.String(config), CreatedTime: &now,
		LaunchConfigurationARN: aws.String(s.arn("autoscaling", r.Name, "launchConfiguration:"+s.uuid()+":launchConfigurationName/"+config)),
		ImageId:                aws.String("ami-0a1b2c3d4e5f60001"), InstanceType: aws.String("t3.large"),
		SecurityGroups: []string{demoWeb}, IamInstanceProfile: aws.String("web-app"),
	}
	g := s.blankGroup(r, "web-asg", now)
	g.Min, g.Max, g.Desired, g.HealthCheck, g.Config = 1, 4, 2, "ELB", config
	g.Subnets, g.Zones = []string{demoPublic}, []string{DemoRegion + "a"}
	g.Classic = []string{"web-classic"}
	for _, arn := range sortedKeys(r.ELBV2.Groups) {
		if *r.ELBV2.Groups[arn].Group.TargetGroupName == "web-tg" {
			g.TargetGroups = []string{arn}
		}
	}
	for _, id := range []string{"i-0a1b2c3d4e5f60001", "i-0a1b2c3d4e5f60011"} {
		m := &member{Instance: id, Config: config}
		g.Members[id] = m
		s.enterService(r, g, m, now)
	}
	r.Scaling.Groups[g.Name] = g
}

// demoSSM lets the agents register: of all hosts that have an instance profile and a way out.
func demoSSM(s *state) { s.advanceSSM(s.region(DemoRegion), demoTime(), Options{}) }

// demoS3 makes a bucket that everyone may read, with two objects, and the bucket for evidence.
func demoS3(s *state) {
	now := demoTime()
	open := s.addBucket("cordon-demo-customer-data", DemoRegion, now)
	open.Block = nil
	open.Policy = `{"Version":"2012-10-17","Statement":[{"Sid":"PublicRead","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::cordon-demo-customer-data/*"}]}`
	open.put(s, "customers/2026-10.csv", &objectVersion{Body: []byte("id,name\n1,Example Customer\n"), ContentType: "text/csv", Modified: now})
	open.put(s, "README.txt", &objectVersion{Body: []byte("customer exports\n"), ContentType: "text/plain", Modified: now})

	evidence := s.addBucket("cordon-evidence-"+s.Account, DemoRegion, now)
	evidence.Versioning = s3types.BucketVersioningStatusEnabled
}
