// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store/redis"
)

const (
	// clockOff is how far the clocks of an installation may be from each other: calls are remembered and budgets are kept for seconds.
	clockOff = 2 * time.Second

	littleSpace = 1 << 30   // bytes: some days of growth
	noSpace     = 100 << 20 // hours, or nothing
)

// backends are looks at what the service works on.
func (p *Patient) backends() (all []look) {
	db := p.Config.Database
	path, local := db.SQLitePath()
	if local {
		all = append(all, look{"disk", "", func(context.Context) []Finding { return p.disk(path) }})
	}
	if local || p.Live && db.Postgres() {
		all = append(all, look{"database", "", func(ctx context.Context) []Finding { return p.database(ctx, db) }})
	}
	if p.Live && len(p.Config.Redis.Addrs) > 0 {
		all = append(all, look{"redis", "", func(ctx context.Context) []Finding { return p.redis(ctx) }})
	}
	return all
}

func (p *Patient) disk(path string) []Finding {
	free, err := p.Free(path)
	const mega = 1 << 20
	const zh, en = "数据库所在磁盘剩余 %d MiB", "%d MiB are free on the database's disk"
	switch {
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, fs.ErrNotExist): // the latter is the database's finding
		return nil
	case err != nil:
		return []Finding{bad(Warning, "", "剩余空间未知：%s", "the free space is not known: %s", reason(err)).by("用 df 查看", "look by df")}
	case free < noSpace:
		return []Finding{bad(Fault, "", zh, en, free/mega).by("请立即腾出空间：磁盘写满后所有变更都会失败", "make room now: once the disk is full every change fails")}
	case free < littleSpace:
		return []Finding{bad(Warning, "", zh, en, free/mega).by("请腾出空间，或缩短 calls.keep 与 calls.bodies", "make room, or shorten calls.keep and calls.bodies")}
	}
	return []Finding{good(zh, en, free/mega)}
}

func (p *Patient) database(ctx context.Context, db config.Database) (all []Finding) {
	before := p.Clock.Now()
	i, err := p.Database(ctx, db)
	after := p.Clock.Now()
	if err != nil {
		return []Finding{p.unopened(db, err)}
	}
	switch {
	case i.Schema < i.Needs:
		all = append(all, bad(Fault, "", "%s：表结构为版本 %d，本程序需要 %d", "%s: the schema is at version %d, and this binary needs %d", i.Server, i.Schema, i.Needs).
			by("运行 koogate migrate", "run koogate migrate"))
	case i.Schema > i.Needs:
		all = append(all, bad(Warning, "", "%s：表结构为版本 %d，本程序只认识到 %d", "%s: the schema is at version %d, and this binary knows those to %d", i.Server, i.Schema, i.Needs).
			by("升级完成后换用新程序；上一版本可以继续运行", "use the newer binary once its rollout is over; this one may serve until then"))
	default:
		all = append(all, good("%s：可以打开，表结构为版本 %d", "%s opens; its schema is at version %d, as this binary needs", i.Server, i.Schema))
	}
	if i.Write != nil {
		all = append(all, bad(Fault, "", "写入被拒绝：%s", "a write is refused: %s", clean(db, i.Write)).
			by("检查数据库是否只读、磁盘是否已满、用户是否有写权限", "look whether it is a standby or read-only, whether its disk is full, and what its user may do"))
	} else {
		all = append(all, good("可以写入（已回滚）", "a write works; it was taken back"))
	}
	if f := p.clocks(i.Now, before, after); f != nil {
		all = append(all, *f)
	}
	return all
}

// unopened says why the database does not open.
func (p *Patient) unopened(db config.Database, err error) Finding {
	path, local := db.SQLitePath()
	switch {
	case local && errors.Is(err, fs.ErrNotExist):
		return bad(Fault, "", "文件 %s 不存在", "the file %s is not there", path).by("运行 koogate migrate 创建，或更正 database.url", "koogate migrate makes it; or correct database.url")
	case local:
		return bad(Fault, "", "数据库无法打开：%s", "the database does not open: %s", err).by("检查文件的权限与完整性；必要时从备份恢复", "look at the file's rights and whether it is whole; restore it from a backup if it is not")
	}
	return bad(Fault, "", "数据库无法访问：%s", "the database is not reached: %s", clean(db, err)).
		by("检查 database.url 的主机、端口、用户与密码，以及数据库是否在运行", "look at host, port, user and password in database.url, and whether the database runs")
}

// clean is a driver's error without what the URL holds.
func clean(db config.Database, err error) string { return withoutSecrets(err.Error(), db.URL.Reveal()) }

// clocks compares another machine's clock, which was read between two times of this machine's; nil when it says nothing or is right.
func (p *Patient) clocks(there, before, after time.Time) *Finding {
	if there.IsZero() {
		return nil
	}
	off := time.Duration(0)
	switch {
	case there.Before(before):
		off = before.Sub(there)
	case there.After(after):
		off = there.Sub(after)
	}
	if off <= clockOff {
		f := good("时钟与本机一致", "its clock and this machine's agree")
		return &f
	}
	f := bad(Fault, "", "时钟与本机相差 %s", "its clock and this machine's are %s apart", off.Round(100*time.Millisecond)).
		by("让两台机器都通过 NTP 校时", "let both machines follow NTP")
	return &f
}

// forgetting are the policies by which a full Redis forgets what is due to be remembered.
var forgetting = []string{"allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random"}

func (p *Patient) redis(ctx context.Context) (all []Finding) {
	before := p.Clock.Now()
	i, err := p.Redis(ctx, p.Config)
	after := p.Clock.Now()
	if err != nil {
		return []Finding{bad(Fault, "", "无法访问：%s", "it is not reached: %s", withoutSecrets(err.Error(), p.Config.Redis.Password.Reveal())).
			by("检查 redis.addrs、用户与密码、TLS，以及 Redis 是否在运行；没有它，服务仍可工作，但重放只在每个进程内识别", "look at redis.addrs, user, password and TLS, and whether Redis runs. The service works without it, and each process then knows replays of its own calls only")}
	}
	all = append(all, answersRedis(i))
	if i.MaxMemory > 0 && slices.Contains(forgetting, i.Policy) {
		all = append(all, bad(Warning, "", "内存写满时按 %s 淘汰，会过早忘记已见过的调用", "when its memory is full it forgets by %s, and with that calls that may still be replayed", i.Policy).
			by("设置 maxmemory-policy volatile-ttl（最先淘汰最早到期的键）或 noeviction", "set maxmemory-policy volatile-ttl, which forgets first what ends first, or noeviction"))
	}
	if f := p.clocks(i.Now, before, after); f != nil {
		all = append(all, *f)
	}
	return all
}

func answersRedis(i redis.Inspection) Finding {
	if i.Role == "slave" {
		return bad(Fault, "", "Redis %s 应答，但它是只读副本", "Redis %s answers, and is a replica, which takes no writes", i.Version).
			by("让 redis.addrs 指向主节点，或配置 redis.master（Sentinel）", "have redis.addrs name the master, or name it by redis.master (Sentinel)")
	}
	return good("Redis %s 应答（淘汰策略 %s）", "Redis %s answers; its policy is %s", i.Version, i.Policy)
}
